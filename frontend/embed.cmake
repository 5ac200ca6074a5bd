# Writes OUT: the table NAME of files, each a C array of its bytes. FILES are paths under DIR; ROW is the C type of the
# table's rows (path, text, length), declared in HEADER.
set(arrays "")
set(rows "")
set(position 0)
foreach(file IN LISTS FILES)
  file(READ ${DIR}/${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "static const unsigned char file_${position}[] = {${bytes}0};\n")
  string(APPEND rows "    {\"${file}\", (const char *)file_${position}, sizeof file_${position} - 1},\n")
  math(EXPR position "${position} + 1")
endforeach()
file(WRITE ${OUT} "/* Made by embed.cmake. */\n#include \"${HEADER}\"\n\n${arrays}
const ${ROW} ${NAME}[] = {\n${rows}    {0, 0, 0},\n};\n")
