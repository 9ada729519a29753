// Networks in bytes: int8, as TensorFlow Lite computes.
#pragma once

#include <ctnn/language.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/quantization/quantized.hpp>
