// Trains a network of MLPerf Tiny, folds its batch normalization, and classifies with what is left:
// ResNet-8 on Fashion-MNIST, or DS-CNN on sounds that it makes.
#include "train.hpp"

#include "../pictures.hpp"

int main(int argc, char** argv) {
    command_line line("Trains a network of MLPerf Tiny with He-normal weights and Adam.");
    arguments a;
    a.data = fashion_mnist();
    line.add_choice("network", a.network, {"resnet8", "ds_cnn"},
                    "resnet8, on pictures of clothes, or ds_cnn, on sounds",
                    command_line::presence::required);
    line.add_path("--data", a.data, "resnet8: folder with MNIST's four files, plain or .gz");
    line.add_number("--sounds", a.sounds, 60, 1'000'000,
                    "ds_cnn: how many to learn from; a fifth as many are for testing");
    add_training_options(line, a.training);
    line.add_path("--save-folded", a.save_folded,
                  "write the weights without batch normalization to this .safetensors file");
    line.add_number("--show", a.shown, 0, 1'000'000, "how many test images to show");
    return line.run(argc, argv,
                    [&] { return a.network == "resnet8" ? train_resnet8(a) : train_ds_cnn(a); });
}
