#include <ctnn/tensor.hpp>

#include <ctnn/simd/vector.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <type_traits>

using namespace ctnn;

using image = tensor<shape<2, 3, 4>>;
static_assert(image::size() == 24);
static_assert(std::is_same_v<image::shape_type, shape<2, 3, 4>> &&
              std::is_same_v<image::value_type, float>);
static_assert(std::is_trivially_copyable_v<image> && std::is_trivial_v<image> &&
              std::is_standard_layout_v<image>);
static_assert(std::is_trivially_copyable_v<tensor<shape<2, 3, 4>, simd::native>>);
// Aligned to a cache line; small ones to their own size, so that they waste no memory.
static_assert(alignof(image) == 64 && sizeof(image) == 128);
static_assert(alignof(tensor<features<1>>) == 4 && sizeof(tensor<features<1>>) == 4);
static_assert(alignof(tensor<features<3>>) == 16 && sizeof(tensor<features<4>>) == 16);
static_assert(alignof(tensor<features<1>, simd::native>) >= alignof(simd::native));
// Views: small, copied freely; writing ones turn into reading ones, not the other way.
using writing = tensor_view<shape<2, 3, 4>, float>;
using reading = tensor_view<shape<2, 3, 4>, const float>;
static_assert(std::is_trivially_copyable_v<writing> && sizeof(writing) == sizeof(float*));
static_assert(std::is_convertible_v<writing, reading> && !std::is_convertible_v<reading, writing>);
static_assert(std::is_convertible_v<image&, writing> && std::is_convertible_v<image&, reading>);
static_assert(std::is_convertible_v<const image&, reading> &&
              !std::is_convertible_v<const image&, writing>);
static_assert(!std::is_convertible_v<float*, writing>);
static_assert(!std::is_constructible_v<reading, tensor<shape<3, 2, 4>>&>);
static_assert(std::is_same_v<decltype(tensor_view(std::declval<image&>())), writing> &&
              std::is_same_v<decltype(tensor_view(std::declval<const image&>())), reading>);

constexpr bool test_tensor() {
    image x{};
    bool right = true;
    for (const float v : x) right = right && v == 0;
    // The channel varies fastest, then the column.
    std::size_t i = 0;
    for (std::size_t row = 0; row < 2; ++row)
        for (std::size_t column = 0; column < 3; ++column)
            for (std::size_t channel = 0; channel < 4; ++channel)
                x(row, column, channel) = static_cast<float>(i++);
    for (std::size_t k = 0; k < 24; ++k) right = right && x[k] == static_cast<float>(k);
    const image copy = x;
    x.fill(7);
    right = right && copy(1, 2, 3) == 23 && copy[23] == 23 && x[0] == 7 && x[23] == 7;
    return right && copy.end() - copy.begin() == 24 && copy.data() == &copy[0];
}

constexpr bool test_view() {
    image x{};
    const writing view(x);
    const reading seen = view;
    view(1, 2, 3) = 5;
    bool right = x(1, 2, 3) == 5 && seen[23] == 5 && seen(1, 2, 3) == 5;
    view.fill(2);
    float sum = 0;
    for (const float v : seen) sum += v;
    return right && sum == 48 && seen.size() == 24 && seen.data() == x.data();
}

constexpr bool test_array_view() {
    float memory[24]{};
    for (std::size_t i = 0; i < 24; ++i) memory[i] = static_cast<float>(i);
    const array_view<const float, 2, 3, 4> view{memory};
    bool right = view.size() == 24 && view.extents()[0] == 2 && view.extents()[2] == 4;
    for (std::size_t i = 0; i < 2; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
            for (std::size_t k = 0; k < 4; ++k)
                right = right && view(i, j, k) == static_cast<float>((i * 3 + j) * 4 + k);
            right = right && &view(i, j) == &view(i, j, 0);  // left out: 0
        }
    const array_view<float, 2, 3, 4> writable{memory};
    writable(1, 2, 3) = -1;
    writable[0] = -2;
    return right && &view(1) == memory + 12 && view[23] == -1 && *view.begin() == -2 &&
           view.end() == memory + 24;
}

constexpr bool test_argmax() {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    using four = tensor<features<4>>;
    return four{{1, 2, 9, 3}}.argmax() == 2 && four{{-4, -3, -2, -1}}.argmax() == 3 &&
           four{{7, 7, 7, 7}}.argmax() == 0 && four{{1, 5, 2, 5}}.argmax() == 1 &&
           four{{1, nan, 9, nan}}.argmax() == 1 && four{{nan, 1, 2, 3}}.argmax() == 0 &&
           tensor<features<1>>{{-1}}.argmax() == 0;
}
TEST_CASE("tensor<features<4>>::argmax: the first of the largest, as NumPy") {
    static_assert(test_argmax());
    CHECK(test_argmax());
}

TEST_CASE("tensor<shape<2, 3, 4>>") {
    static_assert(test_tensor());
    CHECK(test_tensor());
    image x;
    CHECK(reinterpret_cast<std::uintptr_t>(x.data()) % 64 == 0);
}
TEST_CASE("tensor_view<shape<2, 3, 4>, float>") {
    static_assert(test_view());
    CHECK(test_view());
}
TEST_CASE("array_view<float, 2, 3, 4>") {
    static_assert(test_array_view());
    CHECK(test_array_view());
}
