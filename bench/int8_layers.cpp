#include "int8.hpp"
#include "multiply_adds.hpp"

#include <ctnn/quantization.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <vector>

namespace {

using ctnn::detail::axis;
using ctnn::detail::convolution;

struct alignas(64) line {  // as parameters and workspaces are aligned
    std::int8_t bytes[64];
};
std::vector<line> lines(std::size_t bytes, std::int8_t value) {
    line all{};
    std::fill(std::begin(all.bytes), std::end(all.bytes), value);
    return std::vector<line>((bytes + 63) / 64, all);
}

std::int8_t* bytes_of(std::vector<line>& lines) {
    return reinterpret_cast<std::int8_t*>(lines.data());
}

template <convolution Conv>
void add(const char* name, std::vector<bench::int8_contest>& to) {
    using loops = ctnn::detail::int8_convolution<Conv>;
    struct layer {
        std::vector<line> x, y, weights, scratch;
        std::vector<std::uint32_t> starts = std::vector<std::uint32_t>(Conv.filters);
        std::vector<float> factors = std::vector<float>(Conv.filters, 0.001f);
        layer()
            : x(lines(Conv.rows.input * Conv.columns.input * Conv.channels, 3)),
              y(lines(Conv.rows.output() * Conv.columns.output() * Conv.filters, 0)),
              weights(lines(ctnn::detail::int8_packing::of(Conv).bytes(), 5)),
              scratch(lines(loops::scratch_size, 0)) {}
    };
    const auto l = std::make_shared<layer>();
    to.push_back({name,
                  1,
                  bench::multiply_adds_inside(Conv),
                  [l] {
                      loops::run(bytes_of(l->x), bytes_of(l->y), 0, Conv.rows.output(),
                                 ctnn::detail::int8_operands<ctnn::rounding::tflite>{
                                     bytes_of(l->weights), l->starts.data(), l->factors.data(), 3,
                                     4, -128, 127},
                                 bytes_of(l->scratch));
                  },
                  {}});
}
constexpr axis same(std::size_t input, std::size_t taps) {
    return {input, taps, 1, 1, (taps - 1) / 2, taps / 2};
}
constexpr axis pixel{1, 1, 1, 1, 0, 0};

}  // namespace

void bench::add_layers(std::vector<int8_contest>& to) {
    add<{same(32, 3), same(32, 3), 16, 16, 1, true}>("3 x 3, 16 to 16, 32 x 32", to);
    add<{same(16, 3), same(16, 3), 32, 32, 1, true}>("3 x 3, 32 to 32, 16 x 16", to);
    add<{same(8, 3), same(8, 3), 64, 64, 1, true}>("3 x 3, 64 to 64, 8 x 8", to);
    add<{same(25, 1), same(5, 1), 64, 64, 1, true}>("1 x 1, 64 to 64, 25 x 5", to);
    add<{same(6, 1), same(6, 1), 128, 128, 1, true}>("1 x 1, 128 to 128, 6 x 6", to);
    add<{same(3, 1), same(3, 1), 256, 256, 1, true}>("1 x 1, 256 to 256, 3 x 3", to);
    add<{same(48, 1), same(48, 1), 8, 16, 1, true}>("1 x 1, 8 to 16, 48 x 48", to);
    add<{same(32, 3), same(32, 3), 3, 16, 1, true}>("3 x 3, 3 to 16, 32 x 32", to);
    add<{same(28, 5), same(28, 5), 1, 8, 1, true}>("5 x 5, 1 to 8, 28 x 28", to);
    add<{pixel, pixel, 1024, 1024, 1, true}>("dense, 1024 to 1024", to);
    add<{same(25, 3), same(5, 3), 64, 64, 64, true}>("depthwise 3 x 3, 64, 25 x 5", to);
    add<{same(48, 3), same(48, 3), 8, 8, 8, true}>("depthwise 3 x 3, 8, 48 x 48", to);
}
