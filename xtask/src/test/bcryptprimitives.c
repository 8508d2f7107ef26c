/* Debian 12's Wine lacks this DLL, from which Rust's standard library takes its random numbers; Windows and newer Wines have it. */
#include <windows.h>

BOOLEAN WINAPI SystemFunction036(PVOID data, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) { return SystemFunction036(data, (ULONG)size); }
