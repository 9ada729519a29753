// Files, for hosts: data sets in MNIST's format, weights as safetensors and as C++ headers, a
// network's summary and plan.
// Needs zlib and nlohmann-json; allocates and throws, unlike the core.
#pragma once

#include <ctnn/language.hpp>

#include <ctnn/io/atomic_file.hpp>
#include <ctnn/io/file_error.hpp>
#include <ctnn/io/idx.hpp>
#include <ctnn/io/print_plan.hpp>
#include <ctnn/io/quantization_text.hpp>
#include <ctnn/io/report.hpp>
#include <ctnn/io/require_writable.hpp>
#include <ctnn/io/safetensors.hpp>
#include <ctnn/io/safetensors_file.hpp>
#include <ctnn/io/save_int8.hpp>
#include <ctnn/io/save_onnx.hpp>
#include <ctnn/io/summary.hpp>
#include <ctnn/io/table.hpp>
#include <ctnn/io/write_header.hpp>
#include <ctnn/io/write_int8_header.hpp>
