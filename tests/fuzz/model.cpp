// read_model of a file. What is read must hold together, and lie inside of the file.
#include <ctnn/model_file/read.hpp>

#include <cstdint>
#include <cstdlib>
#include <span>

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace ctnn::detail;
    const model_list list = read_model(std::span(bytes, size));
    if (list.mistake) {
        must(list.entries.empty());
        must(!sentence_of(list.mistake.what).empty());
        return 0;
    }
    must(list.entries.size() >= list.graph.steps.size());
    must(list.graph.output <= list.graph.steps.size() && list.graph.input.size() > 0);
    for (std::size_t i = 0; i < list.entries.size(); ++i) {
        must(list.entries[i].end > i && list.entries[i].end <= list.entries.size());
        must(list.entries[i].step == model_entry::branch ||
             list.entries[i].step < list.graph.steps.size());
    }
    for (std::size_t i = 0; i < list.graph.steps.size(); ++i) {
        const model_step& step = list.graph.steps[i];
        must(step.output.size() > 0 && !step.inputs.empty());
        for (const std::size_t value : step.inputs) must(value <= i);
        for (const model_array& array : step.arrays) {
            std::size_t last = array.first;
            for (std::size_t k = 0; k < 4; ++k) {
                must(array.extents[k] > 0 && array.strides[k] <= size);
                last += (array.extents[k] - 1) * array.strides[k];
            }
            must(!array.is_in_file || (last <= size && 4 <= size - last));
        }
    }
    return 0;
}
