// What quantization cost, as a table to read.
#pragma once

#include <ctnn/io/table.hpp>
#include <ctnn/quantization/quantization_report.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

namespace ctnn {
namespace detail {

inline std::string number_text(const char* format, double x) {
    char text[40];
    std::snprintf(text, sizeof text, format, x);
    return text;
}

}  // namespace detail

/// Writes a row for each value (the layer that gives it, its range on the images, scale and zero of its
/// bytes, the share of numbers outside of their range, the relative error against the float network)
/// and a line for the network.
inline std::ostream& operator<<(std::ostream& stream, const quantization_report& report) {
    using detail::number_text;
    std::vector<std::array<std::string, 7>> rows{
        {"value", "least", "largest", "scale", "zero", "outside", "error"}};
    for (const quantized_value& v : report.values)
        rows.push_back({v.layer, number_text("%.4g", v.low), number_text("%.4g", v.high),
                        number_text("%.4g", v.scale), std::to_string(v.zero),
                        number_text("%.3f %%", 100.0 * v.saturated),
                        number_text("%.2f %%", 100.0 * v.relative_error)});
    stream << detail::table_text(rows) << "the largest output is the same one for "
           << number_text("%.2f", 100.0 * report.agreement) << " % of "
           << detail::with_commas(report.images) << " images";
    if (!std::isnan(report.float_accuracy))
        stream << "; accuracy " << number_text("%.4f", report.float_accuracy) << " -> "
               << number_text("%.4f", report.int8_accuracy);
    return stream << '\n';
}

}  // namespace ctnn
