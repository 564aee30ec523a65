#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

/// TensorBoard's event files: TFRecords of Event messages, encoded by hand. The messages are those
/// of tensorboard/compat/proto/{event,summary,histogram}.proto, the encoding is
/// https://protobuf.dev/programming-guides/encoding.
namespace gradus::observe {

/// CRC-32C (Castagnoli), as in RFC 3720, appendix B.4.
std::uint32_t crc32c(std::string_view bytes);

/// A histogram: counts[i] numbers lie in (limits[i - 1], limits[i]], the first from `min`.
struct HistogramProto {
  double min = 0;
  double max = 0;
  double num = 0;
  double sum = 0;
  double sum_squares = 0;
  std::vector<double> limits;  ///< ascending
  std::vector<double> counts;
};

/// What was measured at one step, under its tags.
class Summary {
 public:
  void scalar(std::string_view tag, double value);
  void histogram(std::string_view tag, const HistogramProto& histogram);
  /// Shown in TensorBoard's Text tab, as Markdown.
  void text(std::string_view tag, std::string_view text);

  bool empty() const { return bytes_.empty(); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// The head of an event file, which names its version.
void write_version(std::ostream& out, double wall_time);
/// wall_time: seconds since 1970.
void write_event(std::ostream& out, double wall_time, std::int64_t step, const Summary& summary);

}  // namespace gradus::observe
