// Trains a network of MLPerf Tiny, folds its batch normalization, and classifies with what is left:
// ResNet-8 on Fashion-MNIST, or DS-CNN on sounds that it makes.
#include "train.hpp"

#include "../pictures.hpp"

int main(int argc, char** argv) {
    CLI::App app("Trains a network of MLPerf Tiny with He-normal weights and Adam.");
    arguments a;
    a.data = fashion_mnist();
    app.add_option("network", a.network, "resnet8, on pictures of clothes, or ds_cnn, on sounds")
        ->required()
        ->check(CLI::IsMember({"resnet8", "ds_cnn"}));
    add_path(app, "--data", a.data, "resnet8: folder with MNIST's four files, plain or .gz")
        ->capture_default_str();
    add_number(app, "--sounds", a.sounds, 60, 1'000'000,
               "ds_cnn: how many to learn from; a fifth as many are for testing");
    add_training_options(app, a.training);
    add_path(app, "--save-folded", a.save_folded,
             "write the weights without batch normalization to this .safetensors file");
    add_number(app, "--show", a.shown, 0, 1'000'000, "how many test images to show");
    return run_program(app, argc, argv,
                       [&] { return a.network == "resnet8" ? train_resnet8(a) : train_ds_cnn(a); });
}
