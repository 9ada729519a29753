// Weights as a constant of the program, in flash where there is flash: what `write_header` writes.
#pragma once

#include <ctnn/parameters.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ctnn {

/// The weights of the network with this fingerprint. Converts to that network's `weights`, a view:
/// `net::predict(w, image)` reads them where they lie. `net::parameters p(w)` is a copy to train.
/// Rejected: to be the weights of a network with another fingerprint.
template <std::uint64_t Fingerprint, std::size_t Count>
struct constant_weights {
    static constexpr std::uint64_t fingerprint = Fingerprint;
    static constexpr std::size_t parameter_count = Count;

    alignas(detail::alignment_of<float, Count>) float elements[std::max<std::size_t>(1, Count)];

    template <class Network>
    constexpr operator parameter_view<Network, const float>() const noexcept {
        constexpr std::size_t found_parameters = Count,
                              expected_parameters = Network::parameter_count;
        static_assert(found_parameters == expected_parameters,
                      "ctnn::constant_weights: the number of parameters must be the network's; "
                      "export its own weights");
        if constexpr (found_parameters == expected_parameters) {
            constexpr std::uint64_t found = Fingerprint, expected = Network::fingerprint;
            static_assert(found == expected,
                          "ctnn::constant_weights: the fingerprint must be the network's; export "
                          "its own weights");
            return parameter_view<Network, const float>(elements);
        } else {
            return none<Network>;  // one mistake, one error
        }
    }
    template <class Network>
    constexpr explicit operator parameters<Network>() const noexcept {
        const parameter_view<Network, const float> from = *this;
        parameters<Network> copy{};
        std::ranges::copy(from.values(), copy.elements);
        return copy;
    }

private:
    template <class Network>
    static constexpr parameters<Network> none{};
};

}  // namespace ctnn
