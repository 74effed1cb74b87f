// grpc-go's end of the comparison, with its own defaults.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"net"
	"runtime"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"peers"
)

type server struct {
	peers.UnimplementedPeersServiceServer
}

func (server) Score(_ context.Context, request *peers.ScoreRequest) (*peers.ScoreResponse, error) {
	a, b, c, d := request.Reliability, request.Integrity, request.Competence, request.Empathy
	return &peers.ScoreResponse{
		Pair:    request.Coach + "/" + request.Coachee,
		Time:    request.Time + 1,
		Kind:    request.Kind,
		Trust:   (a + b + c + d) / 4,
		Lowest:  math.Min(math.Min(a, b), math.Min(c, d)),
		Highest: math.Max(math.Max(a, b), math.Max(c, d)),
	}, nil
}

func (server) Echo(_ context.Context, request *peers.Blob) (*peers.Blob, error) { return request, nil }

func (server) Flow(request *peers.FlowRequest, stream peers.PeersService_FlowServer) error {
	blob := &peers.Blob{Body: make([]byte, request.Size)}
	for i := int32(0); i < request.Count; i++ {
		if err := stream.Send(blob); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	port := flag.Int("port", 0, "0 takes a free one")
	loops := flag.Int("loops", 1, "threads that run Go at once")
	certificate := flag.String("tls-certificate", "", "PEM file")
	key := flag.String("tls-key", "", "PEM file")
	flag.Parse()
	runtime.GOMAXPROCS(*loops)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", *port))
	if err != nil {
		log.Fatal(err)
	}
	var options []grpc.ServerOption
	if *key != "" {
		tls, err := credentials.NewServerTLSFromFile(*certificate, *key)
		if err != nil {
			log.Fatal(err)
		}
		options = append(options, grpc.Creds(tls))
	}
	service := grpc.NewServer(options...)
	peers.RegisterPeersServiceServer(service, server{})
	fmt.Printf("listening on %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(service.Serve(listener))
}
