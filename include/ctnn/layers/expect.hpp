// A checkpoint for shapes.
#pragma once

#include <ctnn/layer.hpp>

namespace ctnn {

/// Stops the compiler unless the shape here is `Shape`; otherwise does nothing and costs nothing.
template <class Shape>
struct expect {
    template <class Input>
    using output_on = std::conditional_t<std::is_same_v<Input, Shape>, Shape, shape<0, 0, 0>>;

    template <class Input>
    struct on : reshaping<on<Input>, Input, Input> {
        static constexpr std::string_view name = "expect";
        static constexpr std::size_t found = detail::difference<Input, Shape>::of_found;
        static constexpr std::size_t expected = detail::difference<Input, Shape>::of_wanted;
        static_assert(found == expected,
                      "ctnn::expect: the shape that arrives must be the expected one");
    };
};

}  // namespace ctnn
