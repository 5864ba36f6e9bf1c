# Runs the operator's own installers by name: .msi, .exe and .ps1, whose arguments a file <name>.arguments beside it may
# hold. One that fails, or takes too long, ends the build and is named. Whatever is done is noted, so that a restart that
# one of them asks for goes on with the next. Windows PowerShell 5.1.
param(
  [string] $Folder = 'C:\ElephantImage\installers',
  [int] $Minutes = 45
)
$ErrorActionPreference = 'Stop'
$noted = Join-Path $Folder 'done.txt'
$done = @()
if (Test-Path -LiteralPath $noted) { $done = @(Get-Content -LiteralPath $noted) }
$names = @()
foreach ($line in @(Get-Content -LiteralPath (Join-Path $Folder 'manifest.txt') -Encoding UTF8)) {
  if (-not $line.Trim()) { continue }
  $digest, $name = $line -split '  ', 2
  $file = Join-Path $Folder $name
  if (-not (Test-Path -LiteralPath $file)) { throw "elephant: FAILED $name of the installers did not arrive" }
  if ((Get-FileHash -Algorithm SHA256 -LiteralPath $file).Hash -ne $digest) { throw "elephant: FAILED $name of the installers is not the file that was uploaded" }
  $names += $name
}
foreach ($name in $names) {
  if ($done -contains $name) { continue }
  $file = Join-Path $Folder $name
  $words = ''
  if (Test-Path -LiteralPath "$file.arguments") { $words = ([string](Get-Content -LiteralPath "$file.arguments" -Raw)).Trim() }
  $program = $null
  switch ([IO.Path]::GetExtension($name).ToLowerInvariant()) {
    '.msi' { $program = 'msiexec.exe'; $arguments = "/i `"$file`" /quiet /norestart $words" }
    '.exe' { $program = $file; $arguments = $words }
    '.ps1' { $program = 'powershell.exe'; $arguments = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$file`" $words" }
  }
  if (-not $program) { continue }
  Write-Output "elephant: installing $name"
  $how = @{ FilePath = $program; WorkingDirectory = $Folder; PassThru = $true }
  if ($arguments) { $how['ArgumentList'] = $arguments }
  $process = Start-Process @how
  $null = $process.Handle # without it the exit code of a process that has ended is not told
  if (-not $process.WaitForExit($Minutes * 60000)) {
    Stop-Process -Id $process.Id -Force
    throw "elephant: FAILED the installer $name had not ended after $Minutes minutes; does it wait for somebody to click? Its silent option goes into $name.arguments"
  }
  $code = $process.ExitCode
  if (@(0, 3010, 1641) -notcontains $code) { throw "elephant: FAILED the installer $name ended with exit code $code" }
  Add-Content -LiteralPath $noted -Value $name
  if ($code -ne 0) {
    Write-Output "elephant: $name is installed and asks for a restart"
    exit 3010
  }
  Write-Output "elephant: $name is installed"
}
exit 0
