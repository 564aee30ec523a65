# Puts observe/page/ together as one HTML page and writes it as string literals, which
# observe/report.cpp includes: so the page is part of the library, with no file to find at run time.
set(page_dir ${PROJECT_SOURCE_DIR}/observe/page)
set(page_scripts data format scale draw findings loss flow profiles histograms table main)
list(TRANSFORM page_scripts PREPEND "${page_dir}/")
list(TRANSFORM page_scripts APPEND ".js")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${page_dir}/report.html ${page_dir}/report.css ${page_scripts})

file(READ ${page_dir}/report.html page)
file(READ ${page_dir}/report.css style)
set(script "")
foreach(file IN LISTS page_scripts)
  file(READ ${file} text)
  string(APPEND script "${text}\n")
endforeach()
string(REPLACE "{{style}}" "${style}" page "${page}")
string(REPLACE "{{script}}" "${script}" page "${page}")

# A compiler need not take a literal of more than 65536 characters, so the page is cut. Adjacent
# literals are one again.
set(literals "")
string(LENGTH "${page}" page_length)
foreach(start RANGE 0 ${page_length} 8000)
  string(SUBSTRING "${page}" ${start} 8000 chunk)
  string(APPEND literals "R\"page(${chunk})page\"\n")
endforeach()
file(WRITE ${PROJECT_BINARY_DIR}/report_page.inc.new "${literals}")
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/generated)
# Keeps the date of a file that has not changed, and so compiles nothing again.
file(COPY_FILE ${PROJECT_BINARY_DIR}/report_page.inc.new
  ${PROJECT_BINARY_DIR}/generated/report_page.inc ONLY_IF_DIFFERENT)
file(REMOVE ${PROJECT_BINARY_DIR}/report_page.inc.new)
