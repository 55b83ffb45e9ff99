#ifndef CENSUS_TEST_NATIVE_H
#define CENSUS_TEST_NATIVE_H
void census_placeholder(void);
#endif
