#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "treatment.h"

namespace clinic {

/// Counts of one program over its seeds.
struct ProgramTally {
  std::string name;
  int runs = 0;
  int right = 0;
  std::map<std::string, int> first;  ///< first findings by symptom; "none" among them
  double score = 0;                  ///< sum over the runs
  int repaired = 0;                  ///< of those that were tried
  int repairs = 0;
  std::array<int, 4> autotrainer = {};  ///< by Flow

  void add(const Fault& fault, const Diagnosis& diagnosis);
  void add_repair(double score);
};

struct Share {
  int part = 0;
  int whole = 0;
  Share& operator+=(Share other) {
    part += other.part;
    whole += other.whole;
    return *this;
  }
};

/// One half of the gallery: the programs to tune on, or those to report on.
class Half {
 public:
  /// `fault` must outlive this.
  void add(const Fault& fault, ProgramTally tally);
  bool empty() const { return entries_.empty(); }

  void print_programs() const;
  /// Rows are faults, columns first findings.
  void print_confusion() const;
  void print_comparison() const;

  Share causes() const;
  Share false_alarms() const;
  Share repaired() const;

 private:
  struct Entry {
    const Fault* fault;
    ProgramTally tally;
  };
  std::vector<Entry> entries_;
};

}  // namespace clinic
