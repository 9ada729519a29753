// Values of fixed size: tensors (row, column, channel), views of them inside someone else's memory,
// and views of parameter arrays with any number of indices. No heap, no hidden copies.
#pragma once

#include <ctnn/shape.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <type_traits>

namespace ctnn {
namespace detail {

/// Aligned to a cache line, which is also the widest SIMD register; small arrays to their own size.
template <class T, std::size_t Count>
inline constexpr std::size_t alignment_of =
    std::max(alignof(T),
             std::min<std::size_t>(64, std::bit_ceil(sizeof(T) * std::max<std::size_t>(1, Count))));

/// Indexing that owning tensors and views share.
template <class Shape>
constexpr std::size_t offset_of(std::size_t row, std::size_t column, std::size_t channel) noexcept {
    return (row * Shape::width + column) * Shape::channels + channel;
}

}  // namespace detail

/// One image or feature map, contiguous, channel fastest: `x(row, column, channel)` or `x[i]`.
/// `T` is `float`, or a SIMD vector that holds one image per lane. Plain memory: `tensor<S> x;` is
/// uninitialised, `tensor<S> x{};` is zero.
template <class Shape, class T = float>
struct tensor {
    using shape_type = Shape;
    using value_type = T;

    alignas(detail::alignment_of<T, Shape::size>) T elements[std::max<std::size_t>(1, Shape::size)];

    [[nodiscard]] static constexpr std::size_t size() noexcept { return Shape::size; }
    constexpr T* data() noexcept { return elements; }
    constexpr const T* data() const noexcept { return elements; }
    constexpr T* begin() noexcept { return elements; }
    constexpr T* end() noexcept { return elements + size(); }
    constexpr const T* begin() const noexcept { return elements; }
    constexpr const T* end() const noexcept { return elements + size(); }
    constexpr T& operator[](std::size_t i) noexcept { return elements[i]; }
    constexpr const T& operator[](std::size_t i) const noexcept { return elements[i]; }
    constexpr T& operator()(std::size_t row, std::size_t column, std::size_t channel) noexcept {
        return elements[detail::offset_of<Shape>(row, column, channel)];
    }
    constexpr const T& operator()(std::size_t row, std::size_t column,
                                  std::size_t channel) const noexcept {
        return elements[detail::offset_of<Shape>(row, column, channel)];
    }
    constexpr void fill(T value) noexcept {
        for (T& element : elements) element = value;
    }
    /// Where the largest number stands, from 0: the class that an output says. The first of equals;
    /// what is not a number counts as largest, as in NumPy.
    [[nodiscard]] constexpr std::size_t argmax() const noexcept {
        constexpr std::size_t pixels = Shape::height * Shape::width;
        static_assert(pixels == 1,
                      "ctnn::tensor::argmax: the tensor must have 1 pixel; every pixel "
                      "of a map has a class of its own");
        std::size_t largest = 0;
        for (std::size_t i = 1; i < size() && elements[largest] == elements[largest]; ++i)
            if (!(elements[i] <= elements[largest])) largest = i;
        return largest;
    }
};

/// A tensor that lies in someone else's memory; copying the view does not copy the numbers.
/// `tensor_view<Shape, const T>` only reads.
template <class Shape, class T>
struct tensor_view {
    using shape_type = Shape;
    using value_type = std::remove_const_t<T>;

    T* first;

    constexpr explicit tensor_view(T* memory) noexcept : first(memory) {}
    constexpr tensor_view(tensor<Shape, value_type>& x) noexcept : first(x.data()) {}
    constexpr tensor_view(const tensor<Shape, value_type>& x) noexcept requires std::is_const_v<T>
        : first(x.data()) {}
    template <class Other>
    constexpr tensor_view(tensor_view<Shape, Other> x) noexcept requires std::is_const_v<T> &&
        std::is_same_v<Other, value_type> : first(x.data()) {}

    [[nodiscard]] static constexpr std::size_t size() noexcept { return Shape::size; }
    constexpr T* data() const noexcept { return first; }
    constexpr T* begin() const noexcept { return first; }
    constexpr T* end() const noexcept { return first + size(); }
    constexpr T& operator[](std::size_t i) const noexcept { return first[i]; }
    constexpr T& operator()(std::size_t row, std::size_t column,
                            std::size_t channel) const noexcept {
        return first[detail::offset_of<Shape>(row, column, channel)];
    }
    constexpr void fill(value_type value) const noexcept {
        for (T& element : *this) element = value;
    }
};

template <class Shape, class T>
tensor_view(tensor<Shape, T>&) -> tensor_view<Shape, T>;
template <class Shape, class T>
tensor_view(const tensor<Shape, T>&) -> tensor_view<Shape, const T>;

/// A parameter array inside someone else's memory: `kernel(i, j, c, f)`, last index fastest.
/// Indices that are left out at the end are 0. A range of `Float`, which is `float` or `const
/// float`.
template <class Float, std::size_t... Extents>
struct array_view {
    Float* first;

    [[nodiscard]] static constexpr std::size_t size() noexcept {
        return (std::size_t{1} * ... * Extents);
    }
    [[nodiscard]] static constexpr std::array<std::size_t, sizeof...(Extents)> extents() noexcept {
        return {Extents...};
    }
    constexpr Float* data() const noexcept { return first; }
    constexpr Float* begin() const noexcept { return first; }
    constexpr Float* end() const noexcept { return first + size(); }
    constexpr Float& operator[](std::size_t i) const noexcept { return first[i]; }
    template <class... Indices>
    requires(sizeof...(Indices) >= 1 && sizeof...(Indices) <= sizeof...(Extents)) constexpr Float&
    operator()(Indices... indices) const noexcept {
        const std::array<std::size_t, sizeof...(Extents)> index{
            static_cast<std::size_t>(indices)...};
        std::size_t offset = 0, axis = 0;
        ((offset = offset * Extents + index[axis++]), ...);
        return first[offset];
    }
};

}  // namespace ctnn
