# sqlite3: tables, joins, windows, JSON, full-text search, a file on disk
sqlite3 f.db <<'X'
.mode list
CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c REAL);
WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 20000) INSERT INTO t SELECT n, hex(n * 2654435761 % 4294967296), n / 7.0 FROM s;
CREATE INDEX i ON t(b);
SELECT count(*), sum(c), avg(c), min(b), max(b), total(a) FROM t;
SELECT a, b, printf('%.12g', c) FROM t WHERE b > 'F' ORDER BY b DESC LIMIT 5;
SELECT a % 5 g, count(*), round(sum(c), 6), group_concat(a) FROM t WHERE a < 40 GROUP BY g;
SELECT a, sum(c) OVER (ORDER BY a ROWS 2 PRECEDING), rank() OVER (ORDER BY b) FROM t LIMIT 5;
SELECT json_extract('{"a":[1,2,{"b":3.5}]}', '$.a[2].b'), json_group_array(a) FROM t WHERE a < 5;
CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES('the quick brown fox'),('lazy dogs jump'),('quick dogs'); SELECT x, bm25(f) FROM f WHERE f MATCH 'quick OR dogs' ORDER BY rank;
SELECT sqrt(2), exp(1), sin(1), ln(10), 5 / 2, 5 % -3, 1e308 * 10, -7 >> 1, 0.1 + 0.2, strftime('%F %T', 1e9, 'unixepoch'), julianday('2024-02-29');
BEGIN; DELETE FROM t WHERE a % 2; ROLLBACK; SELECT count(*) FROM t; PRAGMA journal_mode = wal; VACUUM; PRAGMA integrity_check; SELECT * FROM nosuch;
X
echo $?; sqlite3 f.db 'SELECT a, b, printf("%.12g", c) FROM t' | md5sum; ls -l f.db | awk '{print $5}'; md5sum < f.db
