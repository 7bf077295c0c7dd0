# Prints each function of more than `most` lines. A function's head runs from the line after the end
# of what was before it to the line that ends in "{", has a parenthesis, and begins at most four
# columns in; the function ends with the brace in the column of its head. Formatted sources only, and
# only what every awk knows: no repetition counts, no word boundaries.
function indent(line) { match(line, /^ */); return RLENGTH }
FNR == 1 { head = ""; inside = 0 }
inside {
  if ($0 ~ /^ *\}/ && indent($0) == column) {
    if (FNR - first + 1 > most)
      printf "%s:%d: function of %d lines, at most %d\n", FILENAME, first, FNR - first + 1, most
    inside = 0
  }
  next
}
/^ *$/ || /^ *\/\// || /^#/ { head = ""; next }
{
  if (head == "") { first = FNR; column = indent($0) }
  head = head " " $0
  if ($0 ~ /\{$/ && head ~ /\(/ && $0 !~ /= \{$/ && column <= 4 &&
      head !~ /^ *(if|for|while|switch|else|do|namespace|class|struct|enum|union)[ (]/) inside = 1
  if ($0 ~ /[;{}]$/ || $0 ~ /^ *(public|private|protected):$/) head = ""
}
