// The shortest program that does anything, timed as a whole process.

#include <gradus/gradus.h>

int main() {
  gradus::nn::Linear layer(4, 2);
  gradus::sum(layer(gradus::ones({3, 4}))).backward();
}
