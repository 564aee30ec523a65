#include "gradus/observe/doctor.h"
#include "tests/catch.h"
