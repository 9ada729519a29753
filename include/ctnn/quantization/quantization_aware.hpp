// Training until a network bears being quantized: to a network that rounds as its bytes will, and
// from it to those bytes. For hosts: allocates and throws.
#pragma once

#include <ctnn/quantization/aware_network.hpp>
#include <ctnn/quantization/quantize.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ctnn {
namespace detail {

/// Calls f(i, place, rounding) for every layer of a network without batch normalization: where it
/// stands in that which rounds, and where what rounds its output, or 0.
template <class Plan, class F>
void for_aware_layers(const F& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (f(std::integral_constant<std::size_t, I>{},
           std::integral_constant<std::size_t, Plan::place_of(I)>{},
           std::integral_constant < std::size_t, Plan::rounds[I] ? Plan::rounding_of(I) : 0 > {}),
         ...);
    }
    (std::make_index_sequence<Plan::count>{});
}
/// The parameters of layer `Index`.
template <std::size_t Index, class Network>
auto leaf_view(parameters<Network>& w) {
    return parameter_view<typename Network::template leaf<Index>, float>(
        w.elements + Network::table::offsets[Index]);
}
template <std::size_t Index, class Network>
auto leaf_view(const parameters<Network>& w) {
    return parameter_view<typename Network::template leaf<Index>, const float>(
        w.elements + Network::table::offsets[Index]);
}

template <int WeightBits, class Network>
parameters<quantization_aware<Network, WeightBits>>
make_aware(const parameters<Network>& w, std::span<const typename Network::input> images,
           const quantize_options& options) {
    using result = quantization_aware<Network, WeightBits>;
    using quantized_one = quantized<Network>;
    using plan = aware_plan<folded<Network>>;
    check_quantize_options(images.size(), options);
    const std::unique_ptr<const parameters<folded<Network>>> of_folded(
        new parameters<folded<Network>>(fold(w)));
    const auto work = std::make_unique<quantizer<quantized_one>>(*of_folded, images, options);
    work->observe();
    decltype(quantized_one::parameters::scales) scales{};
    work->choose_scales(scales);

    parameters<result> aware{};
    const auto set_scale = [&](auto leaf, std::size_t value) {
        const byte_scale scale = scales[plan::stages::scale_of[value]];
        leaf.template get<"scale">()[0] = scale.scale;
        leaf.template get<"zero">()[0] = static_cast<float>(scale.zero);
    };
    set_scale(leaf_view<0>(aware), 0);
    for_aware_layers<plan>([&](auto i, auto place, auto rounding) {
        const auto from = leaf_view<i>(*of_folded).values();
        const auto into = leaf_view<place>(aware);
        std::copy(from.begin(), from.end(), into.first);
        if constexpr (plan::kinds[i] == int8_kind::convolution)
            into.template get<"input_scale">()[0] =
                scales[plan::stages::scale_of[folded<Network>::reads.read_by(i)[0]]].scale;
        if constexpr (rounding > 0) set_scale(leaf_view<rounding>(aware), i + 1);
    });
    derive_parameters(aware);
    return aware;
}

}  // namespace detail

/// The parameters of `quantization_aware<Network, WeightBits>`: those of a trained network, and the
/// ranges of its values on `images`, which training keeps. `options` and what is thrown are
/// `quantize`'s; options.weight_bits and options.report mean nothing here.
/// `auto a = make_quantization_aware<4>(w, images); fit(a, optimizer, data); auto q = quantize(a);`
template <int WeightBits = 8, class Network, std::ranges::contiguous_range Images>
[[nodiscard]] parameters<quantization_aware<Network, WeightBits>>
make_quantization_aware(const parameters<Network>& w, const Images& images,
                        const quantize_options& options = {}) {
    using image = std::ranges::range_value_t<Images>;
    static_assert(sizeof(detail::images_fit<image, typename Network::input>) > 0);
    if constexpr (std::is_same_v<image, typename Network::input>)
        return detail::make_aware<WeightBits>(w, std::span<const image>(images), options);
    else
        return {};  // one mistake, one error
}

/// What a network that rounded as bytes do has learnt, as those bytes: by its own scales, so it
/// needs no images. Throws std::invalid_argument where a parameter is not finite or a scale not
/// positive.
template <class Rounding = rounding::tflite, class Input, class Network, int WeightBits,
          class... Entries>
[[nodiscard]] quantized_parameters<Network, Rounding> quantize(
    const parameters<network<Input, detail::fake_quantized_input<Network, WeightBits>, Entries...>>&
        w) {
    using result = quantized<Network, Rounding>;
    using plan = detail::aware_plan<folded<Network>>;
    const auto of_folded = std::make_unique<parameters<folded<Network>>>();
    quantized_parameters<Network, Rounding> q{};
    for (std::size_t v = 1; v <= plan::count; ++v)
        if (detail::has_fixed_scale<result>(v))
            q.scales[plan::stages::scale_of[v]] = detail::fixed_scale<result>(v);
    const auto take_scale = [&](auto leaf, std::size_t value) {
        const float scale = leaf.template get<"scale">()[0], zero = leaf.template get<"zero">()[0];
        if (!(scale > 0.0f && scale < std::numeric_limits<float>::infinity() && zero >= -128.0f &&
              zero <= 127.0f && zero == std::nearbyint(zero)))
            throw std::invalid_argument(
                "ctnn::quantize: what '" + detail::value_name<result>(value) +
                "' gives must have a scale above 0 and a zero of -128 to 127, found " +
                detail::text_of(static_cast<double>(scale)) + " and " +
                detail::text_of(static_cast<double>(zero)));
        q.scales[plan::stages::scale_of[value]] = {scale,
                                                   detail::rounded(static_cast<double>(zero))};
    };
    take_scale(detail::leaf_view<0>(w), 0);
    detail::for_aware_layers<plan>([&](auto i, auto place, auto rounding) {
        const auto into = detail::leaf_view<i>(*of_folded).values();
        std::copy_n(detail::leaf_view<place>(w).first, into.size(), into.begin());
        if constexpr (rounding > 0) take_scale(detail::leaf_view<rounding>(w), i + 1);
    });
    detail::convert_parameters<result>(*of_folded, WeightBits, q);
    return q;
}

}  // namespace ctnn
