// Draws the plan of LeNet-5's predictions: a row for each stage, and beside it the workspace with
// what lies in it meanwhile. Written to the file that is named, or to standard output.
#include "lenet5.hpp"

#include <ctnn/io.hpp>

#include <cstddef>
#include <fstream>
#include <iostream>
#include <string>

namespace {

constexpr auto& plan = ctnn::plan_of<lenet5>;
constexpr std::size_t width = 860, bar_left = 350, bar_width = 480, top = 70, row = 54;

const char* in_the_lanes(ctnn::layout lanes) {
    return lanes == ctnn::layout::hwc   ? "filters in the lanes"
           : lanes == ctnn::layout::chw ? "columns in the lanes"
                                        : "one number at a time";
}

std::size_t x_of(std::size_t byte) {
    return bar_left + byte * bar_width / plan.workspace_bytes;
}

void text(std::ostream& svg, std::size_t x, std::size_t y, const char* kind,
          const std::string& words) {
    svg << "<text x=\"" << x << "\" y=\"" << y << "\" class=\"" << kind << "\">" << words
        << "</text>\n";
}

/// Draws a part of the workspace; returns what has to be said beside it, where it is too narrow for
/// words.
std::string buffer(std::ostream& svg, std::size_t y, const char* kind, std::size_t from,
                   std::size_t bytes) {
    const std::size_t left = x_of(from), right = x_of(from + bytes);
    const std::string words = std::string(kind) + ' ' + ctnn::detail::with_commas(bytes);
    svg << "<rect x=\"" << left << "\" y=\"" << y << "\" width=\"" << right - left
        << "\" height=\"26\" class=\"" << kind << "\"><title>" << words << " bytes from "
        << ctnn::detail::with_commas(from) << "</title></rect>\n";
    if (right - left < 70) return words + " at " + ctnn::detail::with_commas(from) + ". ";
    text(svg, (left + right) / 2, y + 17, "middle", words);
    return "";
}

void draw(std::ostream& svg) {
    svg << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' '
        << top + row * plan.count + 10 << "\" font-family=\"sans-serif\" font-size=\"12\">\n"
        << "<style>.small{fill:#666;font-size:11px} .middle{text-anchor:middle} .end{"
           "text-anchor:end;fill:#666} .input{fill:#9ecae1} .scratch{fill:#d9d9d9} "
           ".output{fill:#fdae6b} .memory{fill:none;stroke:#999}</style>\n"
        << "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    text(svg, 10, 24, "",
         "LeNet-5, one image, " + std::to_string(ctnn::simd::native_lanes) + " lanes: stages");
    text(svg, bar_left, 24, "", "workspace, bytes");
    text(svg, bar_left, 48, "small", "0");
    text(svg, bar_left + bar_width, 48, "end", ctnn::detail::with_commas(plan.workspace_bytes));

    std::size_t input_from = 0, input_bytes = 0;  // 0: it is the caller's image
    for (std::size_t i = 0; i < plan.count; ++i) {
        const ctnn::stage_plan& stage = plan.stages[i];
        const std::size_t y = top + row * i;
        std::string names;
        for (std::size_t k = 0; k < stage.layers; ++k)
            names += (k == 0 ? "" : " + ") + std::string(stage.names[k]);
        text(svg, 10, y + 12, "", std::to_string(i + 1) + "  " + names);
        text(svg, 10, y + 28, "small",
             std::string(in_the_lanes(stage.one_image.lanes)) + ", " +
                 ctnn::detail::with_commas(stage.multiply_adds) + " multiply-adds");

        svg << "<rect x=\"" << bar_left << "\" y=\"" << y << "\" width=\"" << bar_width
            << "\" height=\"26\" class=\"memory\"/>\n";
        std::string beside;
        if (i == 0) beside = "input: the caller's image. ";
        if (input_bytes > 0) beside += buffer(svg, y, "input", input_from, input_bytes);
        if (stage.scratch > 0)
            beside +=
                buffer(svg, y, "scratch", stage.output.scratch * sizeof(float), stage.scratch);
        if (stage.output.where == ctnn::detail::placement::memory) {
            beside += buffer(svg, y, "output", stage.offset(), stage.bytes);
            input_from = stage.offset();
            input_bytes = stage.bytes;
        } else if (stage.output.where == ctnn::detail::placement::input) {
            beside += "output: in place";
        } else {
            beside += "output: the caller's " + std::to_string(stage.bytes) + " bytes";
        }
        if (!beside.empty()) text(svg, bar_left, y + 40, "small", beside);
    }
    svg << "</svg>\n";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        draw(std::cout);
        return 0;
    }
    std::ofstream file(argv[1]);
    draw(file);
    return file.flush() ? 0 : 1;
}
