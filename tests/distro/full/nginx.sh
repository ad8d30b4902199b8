# nginx: a master and two workers serve files and a proxy to many clients; reload; clean end
mkdir -p www logs; seq 1 5000 > www/f; echo hello > www/index.html
cat > c <<X
pid $PWD/pid; error_log $PWD/err; worker_processes 2; user root; events { worker_connections 256; }
http { access_log off; client_body_temp_path $PWD/b; proxy_temp_path $PWD/p; fastcgi_temp_path $PWD/fc; uwsgi_temp_path $PWD/u; scgi_temp_path $PWD/sc; sendfile on; gzip on; server { listen unix:$PWD/a; root $PWD/www; location /up/ { proxy_pass http://unix:$PWD/a:/; } location /r { return 301 /f; } } }
X
nginx -t -c $PWD/c -e $PWD/err 2>&1 | sed "s|$PWD||g"; nginx -c $PWD/c -e $PWD/err; sleep 1
perl -MIO::Socket::UNIX -e 'for my $u (("/", "/f", "/up/f", "/r", "/none") x 20) { my $s = IO::Socket::UNIX->new("a") or die "no: $!"; print $s "GET $u HTTP/1.0\r\n\r\n"; my $t = join "", <$s>; $t =~ /^(.*?)\r\n/; $c{"$u $1 " . length($t =~ s/.*?\r\n\r\n//sr)}++ } print "$_ $c{$_}\n" for sort keys %c'
kill -HUP $(cat pid); sleep 1; perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new("a"); print $s "GET / HTTP/1.0\r\n\r\n"; print((<$s>)[0])'; kill -QUIT $(cat pid); sleep 1; ls pid 2>&1; grep -cE 'alert|emerg|signal 11' err
