#ifndef CROOST_CRASH_H
#define CROOST_CRASH_H
#endif
