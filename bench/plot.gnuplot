# Time of a disable for each class of account: data and output are given.
set terminal svg size 900,480 font "sans-serif,13" background "white"
set output output
set title "apitoken_disable beside what one would write instead (median, fsync off)" noenhanced
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 0.9
set logscale y
set yrange [0.1:*]
set ylabel "milliseconds"
set grid ytics lc rgb "#dddddd"
set key left top Left reverse
set datafile separator "\t"
plot data using 2:xtic(1) title "bare UPDATE" lc rgb "#b0b0b0", \
	"" using 3 title "apitoken" lc rgb "#d95f02", \
	"" using 4 title "statement, json functions" lc rgb "#a6cee3", \
	"" using 5 title "statement, text cast to jsonb" lc rgb "#6a9fcb", \
	"" using 6 title "statement, jsonb functions" lc rgb "#1f78b4", \
	"" using 7 title "PL/pgSQL loops" lc rgb "#33507a"
