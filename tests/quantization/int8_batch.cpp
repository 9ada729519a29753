// Many images in bytes give what each gives alone.
#include <ctnn/quantization.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

/// What fills up runs of weights stays 0.
template <class Net, std::size_t Index, class Byte>
void fill_weights(typename Net::parameters& q, const Byte& byte) {
    using stages = typename Net::stages;
    if constexpr (stages::kinds[Index] == ctnn::detail::int8_kind::convolution) {
        constexpr auto conv =
            ctnn::detail::int8_convolution_of<typename Net::network::template leaf<Index>>();
        constexpr auto packing = ctnn::detail::int8_packing::of(conv);
        for (std::size_t i = 0; i < conv.rows.taps; ++i)
            for (std::size_t j = 0; j < conv.columns.taps; ++j)
                for (std::size_t c = 0; c < conv.group_channels(); ++c)
                    for (std::size_t f = 0; f < conv.filters; ++f)
                        q.weights[stages::places[Index].weights + packing.place(conv, i, j, c, f)] =
                            byte(-127, 127);
    }
}

/// Random numbers for everything that is computed with.
template <class Net>
void fill(typename Net::parameters& q, std::mt19937& random) {
    const auto byte = [&](int least, int most) {
        return static_cast<std::int8_t>(std::uniform_int_distribution<int>(least, most)(random));
    };
    for (auto& scale : q.scales) {
        scale.scale = std::uniform_real_distribution<float>(0.02f, 0.04f)(random);
        scale.zero = byte(-128, 127);
    }
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (fill_weights<Net, I>(q, byte), ...);
    }
    (std::make_index_sequence<Net::stages::count>{});
    for (auto& start : q.starts) start = static_cast<std::uint32_t>(byte(-100, 100) * 50);
    for (auto& factor : q.factors)
        factor = Net::rules::factor_of(
            0.002f * std::uniform_real_distribution<float>(0.5f, 2.0f)(random), 1.0f, 1.0f, false);
    for (auto& sum : q.sums) {
        const ctnn::detail::byte_scale x[]{{0.02f, 3}, {0.03f, -100}};
        sum = std::remove_reference_t<decltype(sum)>::of(x, 0.04f);
    }
    for (auto& softmax : q.softmaxes) softmax = Net::rules::softmax::of(0.1f, 1.0f / 256.0f);
    for (auto& table : q.tables)
        for (auto& entry : table) entry = byte(-128, 127);
}

template <class Network, class Rounding>
void check_by(std::size_t most) {
    using net = ctnn::quantized<Network, Rounding>;
    std::mt19937 random(7);
    const auto q = std::make_unique<typename net::parameters>();
    fill<net>(*q, random);
    const auto memory = std::make_unique<typename net::batch_workspace>();
    const auto alone = std::make_unique<typename net::workspace>();
    for (std::size_t count = 0; count <= most; count += count < 2 ? 1 : count - 1) {
        std::vector<typename net::input> x(count);
        std::vector<typename net::output> y(count);
        for (auto& image : x)
            for (auto& number : image)
                number =
                    static_cast<std::int8_t>(std::uniform_int_distribution<int>(-128, 127)(random));
        net::predict(*q, std::span<const typename net::input>(x), std::span(y), *memory);
        std::size_t wrong = 0;
        for (std::size_t n = 0; n < count; ++n) {
            const auto wanted = net::predict(*q, x[n], *alone);
            for (std::size_t i = 0; i < wanted.size(); ++i) wrong += y[n][i] != wanted[i];
        }
        INFO(count, " images");
        CHECK(wrong == 0);
    }
}
template <class Network>
void check(std::size_t most = 40) {
    check_by<Network, ctnn::rounding::tflite>(most);
    check_by<Network, ctnn::rounding::tflite_micro>(most);
}

TEST_CASE("convolutions, pooling, dense layers") {
    using namespace ctnn;
    check<network<shape<13, 11, 1>, conv2d<6, kernel<5, 5>, same>, relu, max_pool2d<window<2, 2>>,
                  conv2d<17, kernel<3, 3>>, relu, flatten, dense<13>, relu, dense<10>, softmax>>();
    check<network<shape<7, 9, 3>, conv2d<5, kernel<3, 3>, same, stride<2, 2>>,
                  conv2d<33, kernel<1, 1>>, average_pool2d<window<2, 2>>,
                  conv2d<8, kernel<2, 3>, dilation<1, 2>, same>, global_average_pool2d>>();
    check<network<shape<6, 6, 8>, conv2d<12, kernel<3, 3>, groups<2>, same>,
                  conv2d<18, kernel<1, 1>, groups<6>>, ctnn::tanh, global_max_pool2d>>();
}
TEST_CASE("branches, borders, tables") {
    using namespace ctnn;
    check<network<shape<5, 5, 4>, zero_padding2d<1>, cropping2d<1>,
                  residual<conv2d<4, kernel<3, 3>, same>>, relu,
                  concatenate<conv2d<3, kernel<1, 1>>, ctnn::sigmoid>, up_sampling2d<>, flatten,
                  dense<3>>>(17);
}
TEST_CASE("depthwise") {
    using namespace ctnn;
    check<network<shape<5, 5, 16>, depthwise_conv2d<kernel<3, 3>, same>, relu,
                  conv2d<4, kernel<1, 1>>>>(5);
}

}  // namespace
