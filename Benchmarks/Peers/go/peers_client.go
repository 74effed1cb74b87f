// grpc-go's client in the comparison: so many goroutines that call on one connection.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"peers"
)

func cpu() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Sec+usage.Stime.Sec) + float64(usage.Utime.Usec+usage.Stime.Usec)/1e6
}

func run(client peers.PeersServiceClient, concurrency int, duration time.Duration) int64 {
	var calls int64
	var all sync.WaitGroup
	end := time.Now().Add(duration)
	request := &peers.ScoreRequest{
		Coach: "people/ada", Coachee: "people/grace", Time: 1764000000, Kind: peers.Kind_KIND_PROMISE,
		Reliability: 0.75, Integrity: 0.8, Competence: 0.65, Empathy: 0.7,
	}
	for i := 0; i < concurrency; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for time.Now().Before(end) {
				deadline, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				response, err := client.Score(deadline, request)
				cancel()
				if err != nil {
					log.Fatal(err)
				}
				if response.Trust != 0.7250000000000001 || response.Pair != "people/ada/people/grace" {
					log.Fatal("another answer: ", response)
				}
				atomic.AddInt64(&calls, 1)
			}
		}()
	}
	all.Wait()
	return calls
}

func main() {
	port := flag.Int("port", 0, "of the server")
	concurrency := flag.Int("concurrency", 100, "calls at once")
	seconds := flag.Float64("seconds", 3, "for how long")
	flag.Parse()
	runtime.GOMAXPROCS(1)
	connection, err := grpc.Dial(fmt.Sprintf("127.0.0.1:%d", *port), grpc.WithInsecure())
	if err != nil {
		log.Fatal(err)
	}
	client := peers.NewPeersServiceClient(connection)
	duration := time.Duration(*seconds * float64(time.Second))
	run(client, *concurrency, duration/10)
	began, before := time.Now(), cpu()
	calls := run(client, *concurrency, duration)
	fmt.Printf("{\"calls\": %d, \"seconds\": %f, \"cpu\": %f}\n", calls, time.Since(began).Seconds(), cpu()-before)
}
