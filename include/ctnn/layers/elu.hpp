// The exponential linear unit.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/option_list.hpp>
#include <ctnn/simd/elementary_functions.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace ctnn {

/// y = x above 0, else a (e^x - 1), with a = 1 unless said otherwise. Any shape.
/// Options: alpha<>: `elu<alpha<1, 2>>` has a = 0.5. Rejected: an alpha that is not above 0.
/// https://keras.io/api/layers/activations; Clevert et al., 2015, https://arxiv.org/abs/1511.07289
template <class... Options>
struct elu {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::alpha>, Options...>;
    static constexpr float a = detail::option_or<kind::alpha, alpha<1>, given>::value;

    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "elu";
        static constexpr layer_facts facts{
            .in_place = true, .is_elementwise = true, .is_increasing = true};
        static constexpr std::array<std::uint64_t, 1> settings{std::bit_cast<std::uint32_t>(a)};
        static_assert(sizeof(typename given::check) > 0);
        template <class T>
        static constexpr T value(T x) noexcept {
            return simd::select(x > T(0.0f), x, T(a) * simd::exp_minus_1(simd::min(T(0.0f), x)));
        }
        template <class T>
        static constexpr T slope(T y) noexcept {
            return simd::select(y > T(0.0f), T(1.0f), y + T(a));
        }
    };
};

}  // namespace ctnn
