// What the programs about pictures share: where the data lies, and what its classes are called.
#pragma once

#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#ifndef CTNN_SOURCES
#define CTNN_SOURCES "."  // for programs that are started in the repository's folder
#endif

// In the repository: a LeNet-5 trained on Fashion-MNIST, and ten of its test images.
inline constexpr const char* trained_weights =
    CTNN_SOURCES "/examples/data/lenet5_fashion.safetensors";
inline constexpr const char* ten_pictures_folder = CTNN_SOURCES "/examples/data/fashion_ten";

/// Fashion-MNIST where Debian's package puts it, or the few images of the tests.
inline std::string fashion_mnist() {
    const char* all = "/usr/share/datasets/fashion-mnist";
    std::error_code ignored;
    return std::filesystem::is_directory(all, ignored) ? all
                                                       : CTNN_SOURCES "/tests/data/fashion_small";
}

inline void expect_folder(const std::string& folder) {
    std::error_code error;
    const auto type = std::filesystem::status(folder, error).type();
    if (type == std::filesystem::file_type::directory) return;
    if (type == std::filesystem::file_type::not_found)
        throw std::runtime_error(
            folder + ": no such folder; for Fashion-MNIST: apt-get install dataset-fashion-mnist, "
                     "for other data: --data FOLDER");
    throw std::runtime_error(folder + ": must be a folder, found" +
                             (error ? ": " + error.message() : " a file"));
}

/// Fashion-MNIST's classes, or the ten digits for a folder that does not sound like it.
inline std::array<const char*, 10> class_names(const std::string& folder) {
    if (folder.find("fashion") == std::string::npos)
        return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    return {"T-shirt", "trouser", "pullover", "dress", "coat",
            "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
}
