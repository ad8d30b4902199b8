# postgres: a cluster is made and served; transactions, joins, windows, JSON, indexes, many clients
unshare -U --map-user=65534 --map-group=65534 bash -c '
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH; export PGHOST=$PWD PGDATABASE=postgres PGUSER=me PGTZ=UTC
initdb -D data -U me -A trust --locale=C.UTF-8 --encoding=UTF8 --no-sync > log 2>&1 || cat log
pg_ctl -D data -s -w -l server -o "-c listen_addresses= -k $PWD -c fsync=off" start; echo $?
psql -qAt <<Q
create table t (n int primary key, s text, x double precision, j jsonb);
insert into t select i, md5(i::text), sqrt(i), jsonb_build_object(\$\$k\$\$, i % 7) from generate_series(1, 20000) i;
create index on t (s); create index on t using gin (j); analyze t;
select count(*), sum(x)::numeric(20,6), min(s), max(s) from t;
select j->>\$\$k\$\$ k, count(*), avg(n)::numeric(12,3) from t group by k order by k;
select n, rank() over (order by s) from t where n < 5 order by n;
with recursive f(a, b) as (select 0::numeric, 1::numeric union all select b, a + b from f where b < 1e30) select max(a) from f;
begin; update t set x = -x where n % 2 = 0; select count(*) from t where x < 0; rollback; select count(*) from t where x < 0;
create function fib(n int) returns int language plpgsql as \$\$ begin return case when n < 2 then n else fib(n - 1) + fib(n - 2) end; end \$\$; select fib(15);
select regexp_replace(s, \$\$[a-f]+\$\$, \$\$-\$\$, \$\$g\$\$) from t where n = 77; select to_tsvector(\$\$english\$\$, \$\$cats running quickly\$\$); select 1/0;
Q
pgbench -q -i -s 1 2> /dev/null; pgbench -n -c 8 -j 2 -t 50 2>&1 | grep -E "processed|failed"; psql -qAt -c "select count(*), sum(delta) = (select sum(abalance) from pgbench_accounts) from pgbench_history" -c "vacuum full t" -c "select pg_size_pretty(1234567::bigint)"
pg_dump -t t | grep -v restrict | md5sum; pg_ctl -D data -s -m immediate stop; pg_ctl -D data -s -w -l server -o "-c listen_addresses= -k $PWD" start; psql -qAt -c "select count(*) from t, pgbench_branches"; pg_ctl -D data -s -m fast stop; echo $?'
