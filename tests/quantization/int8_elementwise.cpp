// Sums, products and pooling in bytes: vectors give what the definitions do, which constant expressions
// take.
#include <ctnn/quantization/int8_pooling.hpp>
#include <ctnn/quantization/int8_sums.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace {

using ctnn::detail::axis;
using ctnn::detail::byte_scale;

std::int8_t random_byte(std::mt19937& random) {
    return static_cast<std::int8_t>(std::uniform_int_distribution<int>(-128, 127)(random));
}
std::unique_ptr<std::int8_t[]> random_bytes(std::mt19937& random, std::size_t count) {
    auto bytes = std::make_unique<std::int8_t[]>(count);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = random_byte(random);
    return bytes;
}

// As int8_pool, byte by byte.
template <axis Rows, axis Columns, std::size_t Channels, bool TakesMaximum>
void check_pooling() {
    std::mt19937 random(1);
    constexpr std::size_t rows = Rows.output(), columns = Columns.output();
    for (const int kind : {0, 1, 2}) {
        const auto x = random_bytes(random, Rows.input * Columns.input * Channels);
        if (kind > 0)
            std::fill_n(x.get(), Rows.input * Columns.input * Channels,
                        kind == 1 ? std::int8_t{-128} : std::int8_t{127});
        const auto y = random_bytes(random, rows * columns * Channels);
        const std::size_t first = kind == 0 ? 0 : rows / 2;
        ctnn::detail::int8_pool<Rows, Columns, Channels, TakesMaximum>(x.get(), y.get(), first,
                                                                       rows);
        std::size_t wrong = 0;
        for (std::size_t h = first; h < rows; ++h)
            for (std::size_t w = 0; w < columns; ++w)
                for (std::size_t c = 0; c < Channels; ++c) {
                    std::int32_t most = -128, sum = 0, count = 0;
                    const auto i = Rows.taps_inside(h), j = Columns.taps_inside(w);
                    for (std::size_t row = i.first; row < i.last; ++row)
                        for (std::size_t column = j.first; column < j.last; ++column) {
                            const std::int32_t pixel =
                                x[(Rows.pixel(h, row) * Columns.input + Columns.pixel(w, column)) *
                                      Channels +
                                  c];
                            most = std::max(most, pixel), sum += pixel, ++count;
                        }
                    const std::int32_t mean = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
                    wrong += y[((h - first) * columns + w) * Channels + c] !=
                             (TakesMaximum ? most : mean);
                }
        INFO(Channels, " channels, ", Rows.taps, " x ", Columns.taps, ", kind ", kind);
        CHECK(wrong == 0);
    }
}
template <axis Rows, axis Columns, std::size_t... Channels>
void check_both() {
    (check_pooling<Rows, Columns, Channels, true>(), ...);
    (check_pooling<Rows, Columns, Channels, false>(), ...);
}

TEST_CASE("pooling: windows, borders, numbers of channels") {
    check_both<axis{4, 2, 2, 1, 0, 0}, axis{6, 2, 2, 1, 0, 0}, 1, 3, 6, 8, 13, 16, 17, 40, 64,
               70>();
    check_both<axis{5, 3, 2, 1, 1, 1}, axis{5, 3, 1, 1, 1, 1}, 4, 16, 33>();
    check_both<axis{25, 25, 25, 1, 0, 0}, axis{5, 5, 5, 1, 0, 0}, 64>();
    check_both<axis{60, 60, 60, 1, 0, 0}, axis{9, 9, 9, 1, 0, 0}, 5, 16>();
    check_both<axis{18, 18, 18, 1, 0, 0}, axis{20, 20, 20, 1, 0, 0}, 8>();  // 360 pixels
    check_both<axis{1, 1, 1, 1, 0, 0}, axis{361, 361, 361, 1, 0, 0}, 8>();
}

template <class Rounding, std::size_t Terms>
void check_sums() {
    std::mt19937 random(2);
    for (const std::size_t count : {1u, 3u, 4u, 15u, 16u, 17u, 63u, 64u, 65u, 200u})
        for (int round = 0; round < 4; ++round) {
            std::array<byte_scale, Terms> scales{};
            std::array<std::unique_ptr<std::int8_t[]>, Terms> memory;
            std::array<const std::int8_t*, Terms> x{};
            for (std::size_t k = 0; k < Terms; ++k) {
                scales[k] = {std::uniform_real_distribution<float>(0.001f, 1.0f)(random),
                             round == 0   ? -128
                             : round == 1 ? 127
                                          : random_byte(random)};
                memory[k] = random_bytes(random, count);
                x[k] = memory[k].get();
                if (round < 2)
                    std::fill_n(memory[k].get(), count,
                                static_cast<std::int8_t>(127 - 255 * round));
            }
            const auto sum =
                Rounding::template addition<Terms>::of(scales, round == 2 ? 0.01f : 0.7f);
            const ctnn::detail::int8_range range{round == 1 ? 127 : random_byte(random),
                                                 round == 3 ? -20 : -128, round == 3 ? 30 : 127};
            std::vector<std::int8_t> wanted;
            for (std::size_t i = 0; i < count; ++i) {
                std::array<std::int32_t, Terms> terms{};
                for (std::size_t k = 0; k < Terms; ++k) terms[k] = x[k][i];
                wanted.push_back(
                    ctnn::detail::to_byte(sum(terms) + range.zero, range.low, range.high));
            }
            const auto y = std::make_unique<std::int8_t[]>(count);
            ctnn::detail::int8_add(sum, x, y.get(), count, range);
            CHECK(std::equal(wanted.begin(), wanted.end(), y.get()));
            ctnn::detail::int8_add(sum, x, memory[0].get(), count, range);  // where an input lies
            CHECK(std::equal(wanted.begin(), wanted.end(), memory[0].get()));
        }
}
TEST_CASE("sums") {
    check_sums<ctnn::rounding::tflite, 2>();
    check_sums<ctnn::rounding::tflite, 3>();
    check_sums<ctnn::rounding::tflite_micro, 2>();
    check_sums<ctnn::rounding::tflite_micro, 3>();
}

template <class Rounding>
void check_products() {
    std::mt19937 random(3);
    // Whole, or a number for each channel: the second, the first.
    constexpr std::array<bool, 2> cases[]{{true, true}, {true, false}, {false, true}};
    for (const std::size_t channels : {1u, 2u, 16u, 35u, 65u, 130u})
        for (const auto& whole : cases) {
            const std::size_t count = 3 * channels;
            const auto a = random_bytes(random, whole[0] ? count : channels),
                       b = random_bytes(random, whole[1] ? count : channels),
                       y = random_bytes(random, count);
            const auto factor = Rounding::factor_of(0.02f, 0.03f, 0.11f, false);
            ctnn::detail::int8_multiply<Rounding>(factor, {a.get(), b.get()}, {-128, 5}, whole,
                                                  y.get(), count, channels, {-7, -128, 100});
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < count; ++i) {
                const std::int32_t x0 = a[whole[0] ? i : i % channels],
                                   x1 = b[whole[1] ? i : i % channels];
                wrong += y[i] != ctnn::detail::to_byte(
                                     Rounding::times((x0 + 128) * (x1 - 5), factor) - 7, -128, 100);
            }
            CHECK(wrong == 0);
        }
}
TEST_CASE("products") {
    check_products<ctnn::rounding::tflite>();
    check_products<ctnn::rounding::tflite_micro>();
}

}  // namespace
