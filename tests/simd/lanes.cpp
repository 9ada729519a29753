#include <ctnn/simd/lanes.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <vector>

using namespace ctnn;

// Image n's number i: no two alike.
constexpr float number(std::size_t n, std::size_t i) {
    return static_cast<float>(1000 * n + i + 1);
}

/// There and back, for every number of images up to the lanes. `Shape::size` is tried below, at and
/// above the block in which numbers are moved.
template <class T, class Shape>
void round_trip() {
    constexpr std::size_t lanes = simd::lanes_of<T>;
    const auto in_lanes = std::make_unique<T[]>(Shape::size);
    std::vector<std::unique_ptr<tensor<Shape>>> images, back;
    for (std::size_t n = 0; n < lanes; ++n) {
        images.push_back(std::make_unique<tensor<Shape>>());
        back.push_back(std::make_unique<tensor<Shape>>());
        for (std::size_t i = 0; i < Shape::size; ++i) (*images[n])[i] = number(n, i);
    }
    for (std::size_t count = 0; count <= lanes; ++count) {
        std::array<const tensor<Shape>*, lanes> from{};
        std::array<tensor<Shape>*, lanes> to{};
        for (std::size_t n = 0; n < lanes; ++n) {
            back[n]->fill(-1.0f);
            if (n < count) {
                from[n] = images[n].get();
                to[n] = back[n].get();
            }
        }
        std::fill_n(in_lanes.get(), Shape::size, T(-2.0f));
        to_lanes<T, Shape>(from, tensor_view<Shape, T>(in_lanes.get()));
        for (std::size_t i = 0; i < Shape::size; ++i) {
            float values[lanes];
            simd::store(values, in_lanes[i]);
            for (std::size_t n = 0; n < lanes; ++n)
                CHECK(values[n] == (n < count ? number(n, i) : 0.0f));
        }
        from_lanes<T, Shape>(tensor_view<Shape, const T>(in_lanes.get()), to);
        for (std::size_t n = 0; n < lanes; ++n)
            for (std::size_t i = 0; i < Shape::size; ++i)
                CHECK((*back[n])[i] == (n < count ? number(n, i) : -1.0f));
    }
}
template <class T>
void round_trips() {
    round_trip<T, features<1>>();
    round_trip<T, shape<3, 5, 1>>();
    round_trip<T, shape<2, 2, 4>>();
    round_trip<T, features<17>>();
    round_trip<T, shape<3, 3, 5>>();
}

TEST_CASE("to_lanes, from_lanes: one lane") {
    round_trips<float>();
}
TEST_CASE("to_lanes, from_lanes: every width") {
    round_trips<simd::native>();
    if constexpr (simd::native_lanes > 4)
        round_trips<simd::vector<std::min<std::size_t>(4, simd::native_lanes)>>();
    if constexpr (simd::native_lanes > 8)
        round_trips<simd::vector<std::min<std::size_t>(8, simd::native_lanes)>>();
}
TEST_CASE("to_lanes: an image may be missing anywhere") {
    constexpr std::size_t lanes = simd::native_lanes;
    tensor<features<2>> image{{3.0f, 4.0f}};
    std::array<const tensor<features<2>>*, lanes> from{};
    from[lanes - 1] = &image;
    tensor<features<2>, simd::native> x;
    to_lanes<simd::native>(from, tensor_view(x));
    float values[lanes];
    simd::store(values, x[1]);
    for (std::size_t n = 0; n < lanes; ++n) CHECK(values[n] == (n == lanes - 1 ? 4.0f : 0.0f));
}

constexpr bool test_one_lane() {
    const tensor<features<2>> x{{3.0f, 4.0f}};
    tensor<features<2>> moved, back{};
    to_lanes<float, features<2>>({&x}, tensor_view(moved));
    from_lanes<float, features<2>>(tensor_view<features<2>, const float>(moved), {&back});
    return moved[0] == 3.0f && back[1] == 4.0f;
}
TEST_CASE("to_lanes, from_lanes in a constant expression") {
    static_assert(test_one_lane());
    CHECK(test_one_lane());
}
