// Deployment: what the program will need, checked before it is flashed.
#include "lenet5.hpp"

static_assert(sizeof(lenet5::parameters) <= 242 * 1024);  // flash, when the weights are a constant
static_assert(lenet5::workspace_bytes == sizeof(lenet5::workspace));
static_assert(lenet5::workspace_bytes <=
              16 * 1024);  // RAM: all scratch memory of one prediction, every target

int main() {}
