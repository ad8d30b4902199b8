# go: the toolchain builds and runs goroutines, channels, maps, signals; its race-free atomics
export GOCACHE=$PWD/cache GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPATH=$PWD/path CGO_ENABLED=0
cat > a.go <<'X'
package main
import ("crypto/sha256"; "fmt"; "math"; "math/big"; "net"; "os"; "os/exec"; "os/signal"; "runtime"; "sort"; "strings"; "sync"; "sync/atomic"; "syscall"; "time")
func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
func main() {
	fmt.Println(fib(28), math.Sin(1), -7/2, -7%3, new(big.Int).Exp(big.NewInt(3), big.NewInt(100), nil), 0.1+0.2, math.FMA(2, 3, 4))
	var n atomic.Int64; var mu sync.Mutex; m := map[string]int{}; var wg sync.WaitGroup
	for i := range 200 { wg.Add(1); go func() { defer wg.Done(); for k := range 500 { n.Add(int64(k)); mu.Lock(); m[fmt.Sprint("k", (i*k)%97)]++; mu.Unlock() } }() }; wg.Wait(); keys := []string{}; for k := range m { keys = append(keys, k) }; sort.Strings(keys); fmt.Println(n.Load(), len(m), m[keys[5]])
	c := make(chan int); done := make(chan int); go func() { s := 0; for x := range c { s += x }; done <- s }(); for i := range 10000 { c <- i }; close(c); fmt.Println(<-done)
	sig := make(chan os.Signal, 1); signal.Notify(sig, syscall.SIGUSR1); syscall.Kill(os.Getpid(), syscall.SIGUSR1); fmt.Println(<-sig); select { case <-time.After(20 * time.Millisecond): fmt.Println("timer") }
	func() { defer func() { fmt.Println("recovered:", recover()) }(); var p *int; *p = 1 }(); func() { defer func() { fmt.Println(recover()) }(); a := []int{1}; i := 5; fmt.Println(a[i]) }()
	l, _ := net.Listen("tcp", "127.0.0.1:0"); go func() { k, _ := l.Accept(); k.Write([]byte("served")); k.Close() }(); k, _ := net.Dial("tcp", l.Addr().String()); b := make([]byte, 10); r, _ := k.Read(b); fmt.Println(string(b[:r])); out, err := exec.Command("echo", "sub").Output(); fmt.Print(string(out), err, "\n"); fmt.Printf("%x %s\n", sha256.Sum256([]byte(strings.Repeat("x", 100000))), runtime.GOOS); var x [][]byte; for i := range 5000 { x = append(x, make([]byte, 10000)); if i%500 == 0 { x = nil } }; runtime.GC(); end := time.Now().Add(100 * time.Millisecond); for time.Now().Before(end) { go func() {}() }; os.Exit(3)
}
X
go mod init a 2>/dev/null; go version | cut -d' ' -f3; go build -o a a.go; echo $?; ./a; echo $?; GOMAXPROCS=1 ./a | tail -1; go vet ./... ; echo $?
