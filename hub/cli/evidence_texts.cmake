# Two texts of every evidence bundle, as bytes in C: cmake -DIN_README=… -DIN_SCRIPT=… -DOUT=… -P.
function(bytes_of path out)
  file(READ "${path}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  set(${out} "${bytes}" PARENT_SCOPE)
endfunction()
bytes_of("${IN_README}" readme)
bytes_of("${IN_SCRIPT}" script)
file(WRITE "${OUT}" "#include \"cli/evidence.h\"\n\
static const uint8_t readme[] = {${readme}};\n\
static const uint8_t script[] = {${script}};\n\
const struct span evidence_readme = {readme, sizeof readme};\n\
const struct span evidence_script = {script, sizeof script};\n")
