# SPDX-License-Identifier: MIT
#
# A header as Doxygen should see it: its first // comments, a small tutorial, are the documentation of the file; what is in a
# namespace `detail`, what is private, friends, specialisations, aliases by lambdas and definitions outside of their class aren't there, as they
# confuse it. Lines keep their numbers.
NR == 1 && /SPDX/ { print "/// \\file"; head = 1; next }
head && /^\/\//   { if ($0 !~ /^\/\/    /) gsub(/<[a-z_\/.]+>/, "`&`"); print "/" $0; next }
                  { head = 0; gsub(/#\$/, "\\#$") } # for Doxygen `#` makes a link

!end && /^namespace (simul::.*)?detail( |::).*[^}]$/                { end = "^} // namespace (simul::.*)?detail" }
!end && /^template <.*> (requires .* )?(struct|class) [A-Za-z_:]+<.*[^};]$/ { end = "^};" }
!end && /^ *using .* = .*decltype\(.*\[/                              { end = "(::type|\\}\\)\\));$" }
!end && /^[a-z].*\(/ {
    name = $0
    sub(/\(.*/, "", name)
    if (name ~ /::(~?[a-z_]+|operator.*)$/) {
        held = ""
        print ""
        if ($0 !~ /[};]$/)
            end = "^}"
        next
    }
}
end                   { held = ""; print ""; if ($0 ~ end) end = ""; next }
/^(public|protected):|^};/ { private = 0 }
/^private:/           { private = 1 }
private               { print ""; next }
/^ +friend [a-z_:]+;/  { print ""; next }
/^template <[^;{]*>$/ { held = $0 " "; print ""; next }
                      { print held $0; held = "" }
