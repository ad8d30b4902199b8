# tcl: strings, big numbers, events, pipes
tclsh <<'X'
proc f n { expr {$n < 2 ? $n : [f [expr {$n - 1}]] + [f [expr {$n - 2}]]} }
puts [list [f 18] [expr {2**200}] [expr {0.1 + 0.2}] [expr {-7 / 2}] [expr {sin(1)}] [string toupper straße] [lsort -integer {3 1 2}] [regexp -inline {(\d+)} a12b] [clock format 1000000000 -gmt 1] [exec echo sub] [format %x 255] [catch {error bad} m] $m [dict get {a 1 b 2} b] [binary encode hex abc]]
after 20 { set x done }; vwait x; puts $x; coroutine c apply {{} { yield; foreach i {1 2 3} { yield $i } }}; puts [list [c] [c] [c]]; set p [open "|sort" r+]; puts $p "b\na"; close $p write; puts [read $p]
X
echo $?
