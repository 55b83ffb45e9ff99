// A disk that does not answer: in a program that has this in it, a rename to a path that ends in $CRASH_TEST_STUCK never returns.
