#include <stdexcept>

#include "ProcessTestNative.h"

extern "C" void native_throw(void) {
    throw std::runtime_error("the nest is full");
}
