// Networks in bytes: int8, as TensorFlow Lite computes.
#pragma once

#include <ctnn/language.hpp>

#include <ctnn/ctnn.hpp>
#include <ctnn/quantization/int8_plan.hpp>
#include <ctnn/quantization/quantized.hpp>
#ifdef __cpp_exceptions  // for hosts: it allocates and throws
#include <ctnn/quantization/quantization_aware.hpp>
#include <ctnn/quantization/quantize.hpp>
#endif
