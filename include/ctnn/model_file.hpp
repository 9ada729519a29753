// A model file is a type: TensorFlow Lite's files, read by the compiler.
#pragma once

#include <ctnn/ctnn.hpp>
#include <ctnn/model_file/network_of.hpp>

namespace ctnn {

/// The network that a model file describes: shapes, layers and options, read by the compiler.
///
/// `File` is a constant array of bytes with a name of its own in a namespace,
/// `constexpr unsigned char file[] = {` `#include "net.tflite.inc"` `};`. The type is an ordinary
/// network, as if it were written by hand. Rejected, with a sentence that names the operator or
/// value and its place in the file: what the library cannot compute exactly, files that are damaged
/// or cut off, and graphs that are no branches that part and meet again.
///
/// An int8 file gives a network in bytes, `quantized<...>`, by the rules of `Rounding`.
template <const auto& File, class Rounding = rounding::tflite>
using network_in = typename detail::network_of_model<detail::model_in<File>, Rounding>::type;

/// Its weights, a constant of the program: in flash where there is flash. Copy them to train them
/// further: `auto w = std::make_unique<network_in<file>::parameters>(weights_in<file>)`.
template <const auto& File, class Rounding = rounding::tflite>
inline constexpr typename network_in<File, Rounding>::parameters
    weights_in = detail::weights_of_model<File, network_in<File, Rounding>>();

}  // namespace ctnn
