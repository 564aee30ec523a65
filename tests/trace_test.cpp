#include "gradus/observe/trace.h"
