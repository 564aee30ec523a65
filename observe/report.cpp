#include "gradus/observe/report.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "gradus/tensor/context.h"
#include "gradus/tensor/error.h"

namespace gradus::observe {
namespace {

// The files of observe/page/ as one page, put together by cmake/ReportPage.cmake.
constexpr const char* kPage =
#include "report_page.inc"
    ;

std::string escaped_html(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// Within a script element only `<` can do harm, as the start of `</script>` or `<!--`, and JSON
/// has it in strings only.
std::string escaped_json(const std::string& json) {
  std::string out;
  out.reserve(json.size());
  for (char c : json) c == '<' ? out += "\\u003c" : out += c;
  return out;
}

void substitute(std::string& page, const std::string& mark, const std::string& text) {
  page.replace(page.find(mark), mark.size(), text);
}

}  // namespace

std::string report_page(const RunRecord& record, const Findings& findings) {
  std::string page = kPage;
  // From the end of the page to its start: a name that looks like a mark stands behind the mark.
  substitute(page, "{{data}}", escaped_json(report_data(record, findings)));
  substitute(page, "{{title}}", escaped_html(record.network) + " - gradus run report");
  return page;
}

void write_report(const RunRecord& record, const Findings& findings, const std::string& file,
                  Where at) {
  ContextScope scope(entering("report", at));
  const std::string page = report_page(record, findings);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(page.data(), static_cast<std::streamsize>(page.size()));
  out.close();
  check(!out.fail(), "{} cannot be written: {}", file, std::strerror(errno));
}

}  // namespace gradus::observe
