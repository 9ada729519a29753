// A network type of ctnn, in floats and in bytes, for bench/int8. Numbers do not matter for speed.
#pragma once

#include "int8.hpp"
#include "multiply_adds.hpp"
#include "networks_of.hpp"

#include <ctnn/quantization.hpp>
#include <ctnn/training.hpp>

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace bench {

template <class Network>
struct int8_pair {
    using net = ctnn::folded<Network>;
    using bytes = ctnn::quantized<Network>;
    static constexpr std::size_t count = 256;
    typename net::parameters w;
    typename bytes::parameters q;
    typename net::workspace scratch;
    typename net::batch_workspace batch_scratch;
    typename bytes::workspace byte_scratch;
    typename bytes::batch_workspace byte_batch_scratch;
    std::vector<typename net::input> x = std::vector<typename net::input>(count);
    std::vector<typename net::output> y = std::vector<typename net::output>(count);
    std::vector<typename bytes::input> byte_x = std::vector<typename bytes::input>(count);
    std::vector<typename bytes::output> byte_y = std::vector<typename bytes::output>(count);

    int8_pair() {
        const auto trained = std::make_unique<typename Network::parameters>();
        ctnn::initialize(*trained, ctnn::he_normal{.seed = 1});
        w = ctnn::fold(*trained);
        for (std::size_t i = 0; i < q.weights.size(); ++i)
            q.weights[i] = static_cast<std::int8_t>(i * i * 7 % 255 - 127);
        for (auto& factor : q.factors) factor = 0.001f;
        for (std::size_t n = 0; n < count; ++n)
            for (std::size_t i = 0; i < x[n].size(); ++i) {
                x[n][i] = std::sin(static_cast<float>(i * (n + 3)));
                byte_x[n][i] = static_cast<std::int8_t>(i * (n + 3) % 256);
            }
    }
};

/// The same network on oneDNN, in bytes; nothing where it is not there.
template <class Network>
std::function<void()> in_onednn([[maybe_unused]] const int8_pair<Network>& p,
                                [[maybe_unused]] std::size_t count) {
#ifdef BENCH_ONEDNN
    std::vector<float> numbers;
    for (std::size_t n = 0; n < count; ++n)
        numbers.insert(numbers.end(), p.x[n].begin(), p.x[n].end());
    return onednn_predicts_in_bytes(graph_of<typename int8_pair<Network>::net>(p.w, numbers, {}),
                                    count);
#else
    return {};
#endif
}

template <class Network>
void add_network(const std::string& name, std::size_t images, std::vector<int8_contest>& to) {
    using pair = int8_pair<Network>;
    const auto p = std::make_shared<pair>();
    constexpr std::size_t multiply_adds = multiply_adds_of_network<typename pair::net>();
    to.push_back({name + ", one image", 1, multiply_adds,
                  [p] { p->byte_y[0] = pair::bytes::predict(p->q, p->byte_x[0], p->byte_scratch); },
                  [p] { p->y[0] = pair::net::predict(p->w, p->x[0], p->scratch); },
                  in_onednn(*p, 1)});
    to.push_back({name + ", " + std::to_string(images) + " images", images, images * multiply_adds,
                  [p, images] {
                      pair::bytes::predict(
                          p->q,
                          std::span<const typename pair::bytes::input>(p->byte_x).first(images),
                          std::span(p->byte_y).first(images), p->byte_batch_scratch);
                  },
                  [p, images] {
                      pair::net::predict(
                          p->w, std::span<const typename pair::net::input>(p->x).first(images),
                          std::span(p->y).first(images), p->batch_scratch);
                  },
                  in_onednn(*p, images)});
}

}  // namespace bench
