// gRPC C++'s client in the comparison: asynchronous calls by completion queue, so many at once on one channel.
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "peers.grpc.pb.h"

using namespace rapport::peers::v1;
using Clock = std::chrono::steady_clock;

namespace {

struct Call {
    grpc::ClientContext context;
    grpc::Status status;
    ScoreResponse response;
    std::unique_ptr<grpc::ClientAsyncResponseReader<ScoreResponse>> reader;
};

double CPU() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

long Run(PeersService::Stub& stub, const ScoreRequest& request, int concurrency, double seconds) {
    grpc::CompletionQueue queue;
    auto end = Clock::now() + std::chrono::duration<double>(seconds);
    long calls = 0;
    int open = 0;
    auto begin = [&] {
        auto* call = new Call;
        call->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
        call->reader = stub.AsyncScore(&call->context, request, &queue);
        call->reader->Finish(&call->response, &call->status, call);
        open++;
    };
    for (int i = 0; i < concurrency; i++) begin();
    void* tag;
    bool ok;
    while (open > 0 && queue.Next(&tag, &ok)) {
        std::unique_ptr<Call> call(static_cast<Call*>(tag));
        open--;
        if (!call->status.ok() || call->response.trust() != 0.7250000000000001 ||
            call->response.pair() != "people/ada/people/grace") {
            std::fprintf(stderr, "client: %s\n", call->status.error_message().c_str());
            std::exit(1);
        }
        calls++;
        if (Clock::now() < end) begin();
    }
    return calls;
}

}  // namespace

int main(int count, char** arguments) {
    std::string port;
    int concurrency = 100;
    double seconds = 3;
    for (int i = 1; i + 1 < count; i += 2) {
        std::string name = arguments[i];
        if (name == "--port") port = arguments[i + 1];
        if (name == "--concurrency") concurrency = std::atoi(arguments[i + 1]);
        if (name == "--seconds") seconds = std::atof(arguments[i + 1]);
    }
    auto stub = PeersService::NewStub(grpc::CreateChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials()));
    ScoreRequest request;
    request.set_coach("people/ada");
    request.set_coachee("people/grace");
    request.set_time(1764000000);
    request.set_kind(KIND_PROMISE);
    request.set_reliability(0.75);
    request.set_integrity(0.8);
    request.set_competence(0.65);
    request.set_empathy(0.7);
    Run(*stub, request, concurrency, seconds / 10);
    auto began = Clock::now();
    double before = CPU();
    long calls = Run(*stub, request, concurrency, seconds);
    std::printf("{\"calls\": %ld, \"seconds\": %f, \"cpu\": %f}\n", calls,
                std::chrono::duration<double>(Clock::now() - began).count(), CPU() - before);
}
