// A larger map: every pixel several times, or what lies between pixels.
#pragma once

#include <ctnn/layer.hpp>
#include <ctnn/layers/option_list.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace ctnn {

/// shape<H, W, C> -> shape<H rows, W columns, C> for factor<rows, columns>, 2 x 2 unless said
/// otherwise. Every output is the nearest pixel; with the option `bilinear` it lies between the four
/// around it, the centres of pixels at halves, beyond the outermost ones these (TensorFlow, and
/// PyTorch's align_corners=False). https://keras.io/api/layers/reshaping_layers/up_sampling2d
template <class... Options>
struct up_sampling2d {
    using kind = detail::option_kind;
    using given = detail::options<detail::accepts<kind::factor, kind::interpolation>, Options...>;
    using by = detail::option_or<kind::factor, factor<2, 2>, given>;
    static constexpr bool is_bilinear = detail::times_given<kind::interpolation, Options...> > 0;

    template <class Input>
    using output_on =
        shape<given::fit ? Input::height * by::height : 0,
              given::fit ? Input::width * by::width : 0, given::fit ? Input::channels : 0>;
    template <class Input>
    struct on : layer_base<on<Input>, Input, output_on<Input>> {
        using output_shape = output_on<Input>;
        static constexpr std::string_view name = "up_sampling2d";
        static constexpr std::array<std::uint64_t, 1> settings{is_bilinear};
        static_assert(sizeof(typename given::check) > 0);

        static constexpr layer_facts facts{.fuses_concatenation = true};

        template <class T>
        static constexpr void compute(tensor_view<Input, const T> x,
                                      tensor_view<output_shape, T> y) noexcept {
            compute_fused<detail::no_activation, detail::no_pooling, Input::channels>(
                x, y, static_cast<T*>(nullptr));
        }
        /// The same; `Step`: from one pixel of y to the next.
        template <class Activation, class Pooling, std::size_t Step, class T>
        static constexpr void compute_fused(tensor_view<Input, const T> x,
                                            tensor_view<output_shape, T> y,
                                            T* /*scratch*/) noexcept {
            T* to = y.data();
            for (std::size_t h = 0; h < output_shape::height; ++h) {
                const between rows(h, by::height, Input::height);
                for (std::size_t w = 0; w < output_shape::width; ++w, to += Step) {
                    const between columns(w, by::width, Input::width);
                    for (std::size_t c = 0; c < Input::channels; ++c) {
                        if constexpr (is_bilinear)
                            to[c] = rows.of(columns.of(T(x(rows.first, columns.first, c)),
                                                       T(x(rows.first, columns.second, c))),
                                            columns.of(T(x(rows.second, columns.first, c)),
                                                       T(x(rows.second, columns.second, c))));
                        else
                            to[c] = x(h / by::height, w / by::width, c);
                    }
                }
            }
        }
        template <class T>
        static constexpr void input_gradient(tensor_view<Input, const T> /*x*/,
                                             tensor_view<output_shape, const T> d_y,
                                             tensor_view<Input, T> d_x) noexcept {
            d_x.fill(T(0.0f));
            const auto add = [&](std::size_t row, std::size_t column, std::size_t c, T d) {
                d_x(row, column, c) = d_x(row, column, c) + d;
            };
            for (std::size_t h = 0; h < output_shape::height; ++h) {
                const between rows(h, by::height, Input::height);
                for (std::size_t w = 0; w < output_shape::width; ++w) {
                    const between columns(w, by::width, Input::width);
                    for (std::size_t c = 0; c < Input::channels; ++c) {
                        const T d = d_y(h, w, c);
                        if constexpr (is_bilinear) {
                            const T above = d * T(1.0f - rows.share), below = d * T(rows.share);
                            const T left(1.0f - columns.share), right(columns.share);
                            add(rows.first, columns.first, c, above * left);
                            add(rows.first, columns.second, c, above * right);
                            add(rows.second, columns.first, c, below * left);
                            add(rows.second, columns.second, c, below * right);
                        } else {
                            add(h / by::height, w / by::width, c, d);
                        }
                    }
                }
            }
        }

    private:
        /// The two pixels between which output `i` of an axis lies, and the second one's share.
        struct between {
            std::size_t first, second;
            float share;
            constexpr between(std::size_t i, std::size_t factor, std::size_t pixels) noexcept {
                // (i + 1/2) / factor - 1/2, counted in halves of an output, from pixel -1 on.
                const std::size_t place = 2 * i + 1 + factor, pixel = place / (2 * factor);
                first = pixel == 0 ? 0 : pixel - 1;
                second = pixel < pixels ? pixel : pixels - 1;
                share = static_cast<float>(place % (2 * factor)) / static_cast<float>(2 * factor);
            }
            template <class T>
            constexpr T of(T a, T b) const noexcept {
                return a * T(1.0f - share) + b * T(share);
            }
        };
    };
};

}  // namespace ctnn
