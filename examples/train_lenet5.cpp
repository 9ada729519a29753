// The main job: train LeNet-5 on Fashion-MNIST (or MNIST), report, and save what was learnt.
#include "lenet5.hpp"
#include "pictures.hpp"
#include "training_program.hpp"

#include <ctnn/io.hpp>

#include <string>

int main(int argc, char** argv) {
    command_line line("Trains LeNet-5 with He-normal weights and Adam.");
    std::string data = fashion_mnist();
    training_arguments a;
    line.add_path("--data", data, "folder with MNIST's four files, plain or .gz");
    add_training_options(line, a);
    return line.run(argc, argv, [&] {
        const auto w = first_weights<lenet5>(a);
        expect_folder(data);
        const auto [train, test] = ctnn::read_mnist<lenet5::input>(data);
        return train_and_save(a, *w, train, test);
    });
}
