#include "CensusTestNative.h"
void census_placeholder(void) {}
