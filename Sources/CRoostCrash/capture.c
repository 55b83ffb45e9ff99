#include "CRoostCrash.h"
