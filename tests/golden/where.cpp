// Where things are on the machine that builds: in one file, so that no other has to be compiled anew for it.

namespace klein {

extern const char* const source_folder = KLEIN_SOURCE_DIR;
extern const char* const onnxruntime_wheel = KLEIN_ONNXRUNTIME_WHEEL;
extern const char* const openvino_wheel = KLEIN_OPENVINO_WHEEL;

}  // namespace klein
