#pragma once

#include <algorithm>
#include <functional>
#include <vector>

namespace gradus::observe {

/// Sorts few elements by key(element), equal ones in the order they had. Stands for
/// std::stable_sort, in which clang meets a deprecated function of libstdc++ 12 and warns.
template <class T, class Compare, class Key>
void sort_stably(std::vector<T>& values, Compare compare, Key key) {
  for (auto next = values.begin(); next != values.end(); ++next) {
    const auto place =
        std::ranges::upper_bound(values.begin(), next, std::invoke(key, *next), compare, key);
    std::rotate(place, next, next + 1);
  }
}

}  // namespace gradus::observe
