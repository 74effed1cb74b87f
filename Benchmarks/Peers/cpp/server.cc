// gRPC C++'s end of the comparison: its callback API, its own defaults.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "peers.grpc.pb.h"

using namespace rapport::peers::v1;

namespace {

class Flow final : public grpc::ServerWriteReactor<Blob> {
   public:
    explicit Flow(const FlowRequest& request) : left_(request.count()) {
        blob_.set_body(std::string(request.size(), '\0'));
        Next();
    }
    void OnWriteDone(bool ok) override { ok ? Next() : Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }

   private:
    void Next() { left_-- > 0 ? StartWrite(&blob_) : Finish(grpc::Status::OK); }

    Blob blob_;
    int left_;
};

class Peers final : public PeersService::CallbackService {
    grpc::ServerUnaryReactor* Score(grpc::CallbackServerContext* context, const ScoreRequest* request,
                                    ScoreResponse* response) override {
        auto all = {request->reliability(), request->integrity(), request->competence(), request->empathy()};
        response->set_pair(request->coach() + "/" + request->coachee());
        response->set_time(request->time() + 1);
        response->set_kind(request->kind());
        response->set_trust(
            (request->reliability() + request->integrity() + request->competence() + request->empathy()) / 4);
        response->set_lowest(std::min(all));
        response->set_highest(std::max(all));
        auto* reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

    grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const Blob* request,
                                   Blob* response) override {
        response->set_body(request->body());
        auto* reactor = context->DefaultReactor();
        reactor->Finish(grpc::Status::OK);
        return reactor;
    }

    grpc::ServerWriteReactor<Blob>* Flow(grpc::CallbackServerContext*, const FlowRequest* request) override {
        return new ::Flow(*request);
    }
};

std::string Text(const char* path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

int main(int count, char** arguments) {
    std::string port = "0", certificate, key;
    for (int i = 1; i + 1 < count; i += 2) {
        std::string name = arguments[i];
        if (name == "--port") port = arguments[i + 1];
        if (name == "--tls-certificate") certificate = Text(arguments[i + 1]);
        if (name == "--tls-key") key = Text(arguments[i + 1]);
    }
    auto credentials = grpc::InsecureServerCredentials();
    if (!key.empty()) {
        grpc::SslServerCredentialsOptions options;
        options.pem_key_cert_pairs.push_back({key, certificate});
        credentials = grpc::SslServerCredentials(options);
    }
    Peers peers;
    grpc::ServerBuilder builder;
    int bound = 0;
    builder.AddListeningPort("127.0.0.1:" + port, credentials, &bound);
    builder.RegisterService(&peers);
    auto server = builder.BuildAndStart();
    std::printf("listening on %d\n", bound);
    std::fflush(stdout);
    server->Wait();
}
