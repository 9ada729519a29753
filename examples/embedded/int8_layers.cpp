// What convolutions in bytes cost on the board: instructions for every multiply-add, as QEMU counts them,
// by both sets of rules. The layers are those of MLPerf Tiny's networks and of LeNet-5.
#include "board.hpp"

#include <ctnn/quantization/int8_loops.hpp>

#include <cstddef>
#include <cstdint>

namespace {

using ctnn::detail::convolution;

/// A convolution whose output has a pixel for every `Stride` of the input's.
template <std::size_t Rows, std::size_t Columns, std::size_t Channels, std::size_t Filters,
          std::size_t KernelRows, std::size_t KernelColumns, std::size_t Stride = 1,
          std::size_t Groups = 1>
constexpr convolution same() {
    const auto along = [](std::size_t input, std::size_t taps) {
        const std::size_t seen = ((input + Stride - 1) / Stride - 1) * Stride + taps,
                          padding = seen > input ? seen - input : 0;
        return ctnn::detail::axis{input, taps, Stride, 1, padding / 2, padding - padding / 2};
    };
    return {
        along(Rows, KernelRows), along(Columns, KernelColumns), Channels, Filters, Groups, true};
}

template <convolution Conv, class Rounding>
void write_cost() {
    using loops = ctnn::detail::int8_strip_loops_of<Conv>;
    constexpr std::size_t rows = Conv.rows.output(),
                          outputs = rows * Conv.columns.output() * Conv.filters;
    static std::int8_t x[Conv.rows.input * Conv.columns.input * Conv.channels], y[outputs];
    alignas(16) static std::int8_t weights[ctnn::detail::int8_packing::of(Conv).bytes()];
    static std::uint32_t starts[Conv.filters];
    static typename Rounding::factor factors[Conv.filters];
    alignas(16) static std::int8_t scratch[loops::scratch_size];
    const ctnn::detail::int8_operands<Rounding> o{weights, starts, factors, 0, 0, -128, 127};
    const std::uint32_t before = board::instructions();
    loops::run(x, y, 0, rows, o, scratch);
    const std::uint32_t instructions = board::instructions() - before;
    constexpr std::size_t products =
        outputs * Conv.rows.taps * Conv.columns.taps * Conv.group_channels();
    board::write("  ");
    board::write_fixed(static_cast<float>(instructions) / static_cast<float>(products));
}
template <convolution Conv>
void write_costs(const char* name) {
    board::write(name);
    write_cost<Conv, ctnn::rounding::tflite>();
    write_cost<Conv, ctnn::rounding::tflite_micro>();
    board::write("\n");
}

}  // namespace

int run() {
    board::write("instructions a multiply-add: rounding::tflite, rounding::tflite_micro\n");
    write_costs<same<28, 28, 1, 6, 5, 5>()>("5 x 5, 1 to 6");
    write_costs<same<32, 32, 3, 16, 3, 3>()>("3 x 3, 3 to 16");
    write_costs<same<32, 32, 16, 16, 3, 3>()>("3 x 3, 16 to 16");
    write_costs<same<16, 16, 32, 32, 3, 3>()>("3 x 3, 32 to 32");
    write_costs<same<8, 8, 64, 64, 3, 3>()>("3 x 3, 64 to 64");
    write_costs<same<32, 32, 16, 32, 3, 3, 2>()>("3 x 3, 16 to 32, stride 2");
    write_costs<same<16, 16, 32, 64, 3, 3, 2>()>("3 x 3, 32 to 64, stride 2");
    write_costs<same<32, 32, 16, 32, 1, 1, 2>()>("1 x 1, 16 to 32, stride 2");
    write_costs<same<16, 16, 32, 64, 1, 1, 2>()>("1 x 1, 32 to 64, stride 2");
    write_costs<same<49, 10, 1, 64, 10, 4, 2>()>("10 x 4, 1 to 64, stride 2");
    write_costs<same<25, 5, 64, 64, 1, 1>()>("1 x 1, 64 to 64");
    write_costs<same<12, 12, 128, 128, 1, 1>()>("1 x 1, 128 to 128");
    write_costs<same<25, 5, 64, 64, 3, 3, 1, 64>()>("3 x 3, depthwise, 64");
    write_costs<same<24, 24, 32, 32, 3, 3, 1, 32>()>("3 x 3, depthwise, 32");
    write_costs<same<48, 48, 16, 16, 3, 3, 2, 16>()>("3 x 3, depthwise, 16, stride 2");
    return 0;
}
