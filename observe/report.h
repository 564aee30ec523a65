#pragma once

#include <string>

#include "gradus/observe/findings.h"
#include "gradus/observe/record.h"

namespace gradus::observe {

/// Writes a run as one HTML page that needs nothing else, neither files nor a network: the findings
/// with their advice, the loss, the heat map of RMS dL/dz by layer and step, measured against
/// expected profiles, histograms through time, a table of all layers. A file that exists is
/// replaced. A few MB at most, however long the run and deep the network: see report_data(). Throws
/// Error, with the path, where the file cannot be written.
///
///   observe::write_report(monitor.record(), monitor.diagnose(), "run.html");
void write_report(const RunRecord& record, const Findings& findings, const std::string& file,
                  Where at = Where::here());

/// The page itself.
std::string report_page(const RunRecord& record, const Findings& findings);

/// What the page draws, as JSON. Observed steps and histograms are thinned evenly where there are
/// so many layers that the page would grow past a few MB. Absent values are null; those that are
/// not finite are the strings "NaN", "Infinity" and "-Infinity".
std::string report_data(const RunRecord& record, const Findings& findings);

}  // namespace gradus::observe
