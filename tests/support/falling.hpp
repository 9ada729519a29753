// An activation that falls, so that it must come before pooling by maximum, not after.
#pragma once

#include <ctnn/layer.hpp>

#include <string_view>

struct falling {
    template <class Input>
    using output_on = Input;
    template <class Input>
    struct on : ctnn::elementwise<on<Input>, Input> {
        static constexpr std::string_view name = "falling";
        template <class T>
        static constexpr T value(T x) noexcept {
            return x * T(-2.0f);
        }
        template <class T>
        static constexpr T slope(T /*y*/) noexcept {
            return T(-2.0f);
        }
    };
};
